// A YAML text as a tree of texts and their places: what the rest of config reads. The only file behind this that knows
// yaml-cpp is document.cpp. Scalars stay as they are written; types are the readers' affair.
//
// Bounded: size, depth and number of nodes, aliases expanded. Every mapping's keys are text and unique.
#pragma once

#include "config/problem.h"

#include <string>
#include <string_view>
#include <vector>

namespace lamd::config {

/// From 1, as in Problem.
struct Place {
    int line = 1;
    int column = 1;
};

struct Node {
    enum class Kind {
        nothing,  ///< no value, `~` or `null`
        scalar,
        sequence,
        mapping,
        bad,  ///< already reported: whoever reads it says no more
    };
    Kind kind = Kind::nothing;
    Place place;
    std::string text;            ///< of a scalar
    bool is_quoted = false;      ///< of a scalar: then it is text, whatever it looks like
    std::string key;             ///< of a mapping's child
    Place key_place;             ///< of a mapping's child
    std::vector<Node> children;  ///< of a sequence or mapping, in the order of the file

    /// Where to say that something is missing in this node.
    [[nodiscard]] Place heading() const {
        return key.empty() ? place : key_place;
    }
};

inline constexpr std::size_t kTextLimit = std::size_t{1} << 20;
inline constexpr std::size_t kDepthLimit = 32;
inline constexpr std::size_t kNodeLimit = 20'000;

struct Document {
    Node root;              ///< meaningful unless `is_broken`
    Problems problems;      ///< syntax errors (at most one), duplicate keys, values of several lines
    bool is_broken = true;  ///< no tree: not YAML, not text, or too large
};

[[nodiscard]] Document parse_document(std::string_view text);

}  // namespace lamd::config
