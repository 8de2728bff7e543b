#include "config/document.h"

#include "config/encoding.h"
#include "config/text.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <array>
#include <optional>
#include <sstream>
#include <unordered_map>
#include <utility>

namespace lamd::config {
namespace {

Place place_of(const YAML::Mark& mark) {
    return {.line = std::max(mark.line, 0) + 1, .column = std::max(mark.column, 0) + 1};
}

Node node_at(const YAML::Mark& mark, Node::Kind kind) {
    Node node;
    node.kind = kind;
    node.place = place_of(mark);
    return node;
}

/// Builds the tree from yaml-cpp's events. What makes going on pointless is thrown as yaml-cpp throws a syntax error.
class Builder final : public YAML::EventHandler {
public:
    explicit Builder(Document& document) : document_(document) {}

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (std::exchange(is_started_, true)) {
            throw YAML::ParserException(mark, "a second document begins here; a configuration is a single one");
        }
    }
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        count(mark, 1);
        add(node_at(mark, Node::Kind::nothing), anchor, 1);
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const auto known = anchors_.find(anchor);
        if (known == anchors_.end()) {
            throw YAML::ParserException(mark, "this alias stands for something that contains it");
        }
        count(mark, known->second.size);
        Node copy = known->second.node;
        copy.key.clear();
        add(std::move(copy), 0, known->second.size);
    }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        count(mark, 1);
        Node node = node_at(mark, Node::Kind::scalar);
        node.text = value;
        node.is_quoted = tag != "?";  // yaml-cpp's for a plain scalar
        check_tag(node, tag);
        if (!is_one_line(value)) {
            report(node.place,
                   "this value has several lines or a control character in it; values here are one line of text, and "
                   "keys and other secrets belong into files of their own");
            node.kind = Node::Kind::bad;
        }
        add(std::move(node), anchor, 1);
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value /*style*/) override {
        open(mark, tag, anchor, Node::Kind::sequence);
    }
    void OnSequenceEnd() override {
        close();
    }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value /*style*/) override {
        open(mark, tag, anchor, Node::Kind::mapping);
    }
    void OnMapEnd() override {
        close();
    }

private:
    /// A sequence or mapping that has not ended yet.
    struct Open {
        Node node;
        YAML::anchor_t anchor = 0;
        std::size_t size = 1;
        std::optional<Node> key{};  ///< of the value that comes next
        std::unordered_map<std::string, int> lines{};
    };
    struct Anchored {
        Node node;
        std::size_t size = 1;
    };

    void report(Place place, std::string message) {
        document_.problems.push_back({.line = place.line, .column = place.column, .message = std::move(message)});
    }

    void count(const YAML::Mark& mark, std::size_t nodes) {
        count_ += nodes;
        if (count_ > kNodeLimit) {
            throw YAML::ParserException(mark, fmt::format("more than {} values, aliases counted in full", kNodeLimit));
        }
    }

    void check_tag(const Node& node, const std::string& tag) {
        const bool is_plain = tag.empty() || tag == "?" || tag == "!" || tag == "tag:yaml.org,2002:str" ||
                              tag == "tag:yaml.org,2002:seq" || tag == "tag:yaml.org,2002:map";
        if (!is_plain) {
            report(node.place, fmt::format("tags such as {} have no meaning here; remove it", in_quotes(tag)));
        }
    }

    void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, Node::Kind kind) {
        count(mark, 1);
        if (open_.size() == kDepthLimit) {
            throw YAML::ParserException(mark, fmt::format("nested more than {} deep", kDepthLimit));
        }
        Node node = node_at(mark, kind);
        check_tag(node, tag);
        open_.push_back({.node = std::move(node), .anchor = anchor});
    }

    void close() {
        Open ended = std::move(open_.back());
        open_.pop_back();
        add(std::move(ended.node), ended.anchor, ended.size);
    }

    void add(Node node, YAML::anchor_t anchor, std::size_t size) {
        if (anchor != 0) {
            anchors_[anchor] = {.node = node, .size = size};
        }
        if (open_.empty()) {
            document_.root = std::move(node);
            return;
        }
        Open& parent = open_.back();
        parent.size += size;
        if (parent.node.kind == Node::Kind::sequence) {
            parent.node.children.push_back(std::move(node));
        } else if (!parent.key) {
            parent.key = std::move(node);
        } else {
            const Node key = *std::exchange(parent.key, std::nullopt);
            add_entry(parent, key, std::move(node));
        }
    }

    void add_entry(Open& mapping, const Node& key, Node value) {
        if (key.kind == Node::Kind::bad) {
            return;
        }
        if (key.kind != Node::Kind::scalar || key.text.empty()) {
            report(key.place, "a key must be a word; put it in quotes if it is meant to be one");
            return;
        }
        const auto [first, is_new] = mapping.lines.emplace(key.text, key.place.line);
        if (!is_new) {
            report(key.place, fmt::format("duplicate key {}: it is given in line {} already; keep one of them",
                                          in_quotes(key.text), first->second));
            return;
        }
        value.key = key.text;
        value.key_place = key.place;
        mapping.node.children.push_back(std::move(value));
    }

    Document& document_;
    bool is_started_ = false;
    std::size_t count_ = 0;
    std::vector<Open> open_;
    std::unordered_map<YAML::anchor_t, Anchored> anchors_;
};

struct Explanation {
    std::string_view error;  ///< how yaml-cpp begins
    std::string_view meaning;
};
/// What people did when yaml-cpp says what it did not find.
constexpr std::array<Explanation, 8> kExplanations{{
    {"illegal map value", "a key does not belong here, or a value has \": \" in it; put such a value in quotes"},
    {"end of map not found", "this does not fit the lines above; check its indentation, and that quotes end"},
    {"end of sequence not found", "this does not fit the list above; check its indentation"},
    {"end of sequence flow not found", "a [ is not closed"},
    {"end of map flow not found", "a { is not closed"},
    {"illegal EOF in scalar", "a quote is not closed"},
    {"unknown token", "a value that begins with @, % or ` must be in quotes"},
    {"the referenced anchor is not defined", "a value that begins with * must be in quotes"},
}};

std::string explain(const std::string& error) {
    for (const auto& [begin, meaning] : kExplanations) {
        if (error.starts_with(begin)) {
            return std::string(meaning);
        }
    }
    return error;
}

/// The mistakes that show in the line itself.
std::string_view hint(std::string_view text, int line) {
    std::string_view written;
    for (int i = 0; i <= line && !text.empty(); ++i) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        written = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    const std::size_t indent = std::min(written.find_first_not_of(" \t"), written.size());
    if (written.substr(0, indent).find('\t') != std::string_view::npos) {
        return "; this line is indented with a tab, YAML allows only spaces";
    }
    if (written.find("]:") != std::string_view::npos) {
        return "; put an IPv6 address in quotes, as in \"[::1]:8080\"";
    }
    return "";
}

}  // namespace

Document parse_document(std::string_view text) {
    Document document;
    if (std::optional<Problem> unreadable = check_encoding(text)) {
        document.problems.push_back(std::move(*unreadable));
        return document;
    }
    // yaml-cpp overlooks a quote that is not closed when nothing but line ends follow.
    std::istringstream stream{std::string(text.substr(0, text.find_last_not_of(" \t\r\n") + 1))};
    Builder builder(document);
    try {
        YAML::Parser parser(stream);
        while (parser.HandleNextDocument(builder)) {
        }
        document.is_broken = false;
    } catch (const YAML::Exception& error) {
        const Place place = place_of(error.mark);
        document.problems.push_back(
            {.line = place.line,
             .column = place.column,
             .message = fmt::format("not valid YAML here: {}{}", explain(error.msg), hint(text, place.line - 1))});
    }
    return document;
}

}  // namespace lamd::config
