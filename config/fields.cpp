#include "config/fields.h"

#include "config/addresses.h"
#include "config/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace lamd::config {
namespace {

constexpr std::string_view kSecret =
    "secrets are never in the configuration; put it into a file that only lamd can read and name the file";
constexpr std::string_view kMqtt = "brokers have a section of their own: mqtt: {brokers: [{url: mqtts://HOST}]}";

struct Hint {
    std::string_view key;
    std::string_view text;
};
/// Keys that nobody knows but that people write for a reason.
constexpr std::array<Hint, 12> kHints{{
    {"passphrase",
     "secrets are never in the configuration; put it into a file that only lamd can read and write "
     "passphrase_file: /PATH, or passphrase_file: credential:NAME with systemd's LoadCredential="},
    {"api_key",
     "secrets are never in the configuration; put it into a file that only lamd can read and write "
     "api_key_file: /PATH, or api_key_file: credential:NAME with systemd's LoadCredential="},
    {"password", "lamd authenticates with keys (identity or agent); only brokers have passwords, in a password_file"},
    {"apikey", kSecret},
    {"token", kSecret},
    {"bearer", kSecret},
    {"secret", kSecret},
    {"private_key", kSecret},
    {"mqtt", kMqtt},
    {"broker", kMqtt},
    {"brokers", kMqtt},
    {"<<", "merge keys are not part of YAML 1.2; write the keys out"},
}};

/// What other programs call it; too far from our word to pass for a slip.
constexpr std::array<Hint, 7> kSynonyms{{
    {"identity_file", "identity"},
    {"key", "identity"},
    {"username", "user"},
    {"hostname", "host"},
    {"url", "sse"},
    {"base_url", "sse"},
    {"listen", "remote"},
}};

std::string_view kind_name(Node::Kind kind) {
    switch (kind) {
        case Node::Kind::nothing:
        case Node::Kind::bad:
            break;
        case Node::Kind::scalar:
            return "a single value";
        case Node::Kind::sequence:
            return "a list";
        case Node::Kind::mapping:
            return "a mapping";
    }
    return "nothing";
}

std::string_view form(Node::Kind kind) {
    switch (kind) {
        case Node::Kind::nothing:
        case Node::Kind::bad:
        case Node::Kind::scalar:
            break;
        case Node::Kind::sequence:
            return "; write [one, another] or lines that begin with \"- \"";
        case Node::Kind::mapping:
            return "; write indented lines of the form key: value";
    }
    return "";
}

}  // namespace

const std::string* Reading::variable(std::string_view name) const {
    const auto found = environment.find(name);
    return found == environment.end() || found->second.empty() ? nullptr : &found->second;
}

Result<std::string> resolve_path(const std::string& text, const Environment& environment) {
    static constexpr std::string_view kScheme = "credential:";
    if (!text.starts_with(kScheme)) {
        return parse_path(text);
    }
    const std::string name = text.substr(kScheme.size());
    if (name.empty() || name == "." || name == ".." || name.find_first_of("/: ") != std::string::npos) {
        return Error{fmt::format("{} does not name a credential; write credential:NAME", in_quotes(text))};
    }
    const auto directory = environment.find("CREDENTIALS_DIRECTORY");
    if (directory == environment.end() || !directory->second.starts_with('/')) {
        return Error{
            fmt::format("there are no credentials here (CREDENTIALS_DIRECTORY is not set); add "
                        "LoadCredential={}:/PATH to the systemd unit, or write the path of the file",
                        name)};
    }
    return parse_path(directory->second + "/" + name);
}

Fields::Fields(const Node& node, std::string path, Reading& reading)
    : node_(node), path_(std::move(path)), reading_(reading) {}

std::string Fields::path_of(std::string_view key) const {
    return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

std::string Fields::item_path(std::string_view key, const Node& list, const Node& item) const {
    return fmt::format("{}[{}]", path_of(key), &item - list.children.data());
}

const Node* Fields::child(std::string_view key) const {
    const auto found = std::ranges::find(node_.children, key, &Node::key);
    return found == node_.children.end() ? nullptr : &*found;
}

bool Fields::has(std::string_view key) const {
    return child(key) != nullptr;
}

const Node* Fields::find(std::string_view key) {
    known_.push_back(key);
    const Node* node = child(key);
    if (node == nullptr || node->kind == Node::Kind::bad) {
        return nullptr;
    }
    if (node->kind == Node::Kind::nothing) {
        reading_.problem(node->key_place, path_of(key) + ": it has no value; write one or remove the key");
        return nullptr;
    }
    return node;
}

const Node* Fields::find(std::string_view key, Node::Kind kind) {
    const Node* node = find(key);
    return node != nullptr && expect(*node, path_of(key), kind) ? node : nullptr;
}

bool Fields::expect(const Node& node, const std::string& path, Node::Kind kind) {
    if (node.kind == Node::Kind::bad) {
        return false;
    }
    if (node.kind != kind) {
        const Place place = node.kind == Node::Kind::nothing ? node.heading() : node.place;
        reading_.problem(place, fmt::format("{}: {} is expected here, this is {}{}", path, kind_name(kind),
                                            kind_name(node.kind), form(kind)));
    }
    return node.kind == kind;
}

void Fields::problem(std::string_view key, std::string_view what) {
    const Node* node = child(key);
    const Place place = node == nullptr ? node_.heading() : node->place;
    reading_.problem(place, fmt::format("{}: {}", path_of(key), what));
}

void Fields::warn_unused(std::string_view key, std::string_view why) {
    const Node* node = child(key);
    const Place place = node == nullptr ? node_.heading() : node->place;
    reading_.warn(place, fmt::format("{}: it is not read, because {}", path_of(key), why), std::string(key));
}

void Fields::require(std::string_view key, std::string_view example) {
    if (!has(key)) {
        reading_.problem(place(), fmt::format("{}: missing; write {}", path_of(key), example));
    }
}

std::string Fields::meant_by(const std::string& key) const {
    if (std::ranges::find(kHints, key, &Hint::key) != kHints.end()) {
        return {};  // another name alone would not make it right
    }
    const auto synonym = std::ranges::find(kSynonyms, key, &Hint::key);
    const bool is_known = synonym != kSynonyms.end() && std::ranges::find(known_, synonym->text) != known_.end();
    return std::string(is_known ? synonym->text : nearest(key, known_));
}

std::string Fields::advice(const std::string& key) const {
    if (const auto hint = std::ranges::find(kHints, key, &Hint::key); hint != kHints.end()) {
        return std::string(hint->text);
    }
    const auto meant = meant_by(key);
    return meant.empty() ? fmt::format("known here: {}", one_of(known_)) : fmt::format("did you mean {}?", meant);
}

void Fields::finish() {
    for (const Node& node : node_.children) {
        if (std::ranges::find(known_, node.key) == known_.end()) {
            reading_.problem(node.key_place,
                             fmt::format("{}: unknown key; {}", path_of(shown(node.key)), advice(node.key)),
                             meant_by(node.key));
        }
    }
}

}  // namespace lamd::config
