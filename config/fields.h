// Reading a mapping key by key. Whoever reads asks for every key it knows; finish() then reports the keys that nobody
// asked for. A value that is wrong is reported and leaves what it was to be read into as it is.
#pragma once

#include "base/result.h"
#include "config/document.h"
#include "config/load.h"

#include <concepts>
#include <string>
#include <string_view>
#include <vector>

namespace lamd::config {

/// What all readers of one configuration share.
struct Reading {
    const Environment& environment;
    const Accounts& accounts;
    Problems problems{};
    Problems warnings{};

    void problem(Place place, std::string message, std::string meant = {}) {
        problems.push_back(
            {.line = place.line, .column = place.column, .message = std::move(message), .meant = std::move(meant)});
    }
    void warn(Place place, std::string message, std::string unused = {}) {
        warnings.push_back(
            {.line = place.line, .column = place.column, .message = std::move(message), .unused = std::move(unused)});
    }
    /// An environment variable; empty counts as unset, as everywhere in a shell.
    [[nodiscard]] const std::string* variable(std::string_view name) const;
};

/// `credential:NAME` to systemd's directory for it, or an absolute path.
[[nodiscard]] Result<std::string> resolve_path(const std::string& text, const Environment& environment);

class Fields {
public:
    /// `path` names the mapping in messages (`tunnels.b`); empty for the file itself. `node` and `reading` outlive it.
    Fields(const Node& node, std::string path, Reading& reading);

    [[nodiscard]] Reading& reading() {
        return reading_;
    }
    [[nodiscard]] Place place() const {
        return node_.heading();
    }
    /// `tunnels.b.host`
    [[nodiscard]] std::string path_of(std::string_view key) const;

    /// The value of a key, or nullptr: it is not there, or has no value, which is reported.
    [[nodiscard]] const Node* find(std::string_view key);

    /// As find(); a value of another kind is reported.
    [[nodiscard]] const Node* find(std::string_view key, Node::Kind kind);

    /// Whether the key is written, whatever its value.
    [[nodiscard]] bool has(std::string_view key) const;

    /// Reads a scalar: `parse` is called with its text and answers a Result.
    template <class T, std::invocable<const std::string&> Parse>
    bool read(std::string_view key, T& to, Parse parse) {
        const Node* node = find(key, Node::Kind::scalar);
        return node != nullptr && assign(*node, path_of(key), to, parse);
    }

    /// Reads a list of scalars, each by `parse`; those that are wrong are left out.
    template <class T, std::invocable<const std::string&> Parse>
    void read_list(std::string_view key, std::vector<T>& to, Parse parse) {
        const Node* list = find(key, Node::Kind::sequence);
        if (list == nullptr) {
            return;
        }
        to.clear();
        for (const Node& item : list->children) {
            const std::string path = item_path(key, *list, item);
            if (T value{}; expect(item, path, Node::Kind::scalar) && assign(item, path, value, parse)) {
                to.push_back(std::move(value));
            }
        }
    }

    /// A scalar that stands for a list of one, or a list.
    template <class T, std::invocable<const std::string&> Parse>
    void read_one_or_list(std::string_view key, std::vector<T>& to, Parse parse) {
        const Node* node = find(key);
        if (node == nullptr || node->kind != Node::Kind::scalar) {
            read_list(key, to, parse);
        } else if (T value{}; assign(*node, path_of(key), value, parse)) {
            to = {std::move(value)};
        }
    }

    [[nodiscard]] std::string item_path(std::string_view key, const Node& list, const Node& item) const;

    /// Reports a value of another kind than `kind`.
    [[nodiscard]] bool expect(const Node& node, const std::string& path, Node::Kind kind);

    void problem(std::string_view key, std::string_view what);
    /// A key that has no effect, and why.
    void warn_unused(std::string_view key, std::string_view why);

    /// Reports that `key` is missing, if it is; `example` is what to write.
    void require(std::string_view key, std::string_view example);

    /// Reports the keys that nobody asked for.
    void finish();

private:
    template <class T, class Parse>
    bool assign(const Node& node, const std::string& path, T& to, Parse& parse) {
        auto value = parse(node.text);
        if (!value) {
            reading_.problem(node.place, path + ": " + value.error().message);
            return false;
        }
        to = std::move(*value);
        return true;
    }
    [[nodiscard]] const Node* child(std::string_view key) const;
    [[nodiscard]] std::string meant_by(const std::string& key) const;
    [[nodiscard]] std::string advice(const std::string& key) const;

    const Node& node_;
    std::string path_;
    Reading& reading_;
    std::vector<std::string_view> known_;  ///< literals
};

}  // namespace lamd::config
