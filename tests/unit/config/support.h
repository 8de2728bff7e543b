// Loading texts in tests: with users and groups that exist on no machine, so that every machine gives the same answer.
#pragma once

#include "base/result.h"
#include "config/load.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <string>
#include <string_view>

namespace lamd::config {

// gtest finds it by this name.
inline void PrintTo(const Problem& problem, std::ostream* stream) {  // NOLINT(readability-identifier-naming)
    *stream << problem.line << ':' << problem.column << ": " << problem.message;
}

namespace test {

inline const Environment kNoEnvironment;
/// What a configuration needs at least.
inline const std::string kServer = "servers: {g: {sse: http://h}}\n";

/// Alice is user 1000, the group lamd is 200; nobody else exists.
inline Accounts accounts() {
    const auto only = [](std::string_view who, std::uint32_t id) {
        return [who, id](const std::string& name) { return name == who ? std::optional(id) : std::nullopt; };
    };
    return {.user = only("alice", 1000), .group = only("lamd", 200)};
}

inline LoadResult load(std::string_view text, const Environment& environment = kNoEnvironment) {
    return load_text(text, environment, accounts());
}

/// The configuration of a text that is right; an empty one, and a failed test, when it is not.
inline Config config_of(std::string_view text, const Environment& environment = kNoEnvironment) {
    const LoadResult loaded = load(text, environment);
    if (!loaded) {
        ADD_FAILURE() << format(loaded.error(), "text");
        return {};
    }
    return loaded->config;
}

inline Problems problems_of(std::string_view text, const Environment& environment = kNoEnvironment) {
    const LoadResult loaded = load(text, environment);
    return loaded ? Problems() : loaded.error();
}

inline Problems warnings_of(std::string_view text, const Environment& environment = kNoEnvironment) {
    const LoadResult loaded = load(text, environment);
    if (!loaded) {
        ADD_FAILURE() << format(loaded.error(), "text");
        return {};
    }
    return loaded->warnings;
}

/// A problem at this place with this in its message.
inline testing::Matcher<const Problem&> at(const testing::Matcher<int>& line, const testing::Matcher<int>& column,
                                           const std::string& part) {
    using testing::AllOf, testing::Field, testing::HasSubstr;
    return AllOf(Field("line", &Problem::line, line), Field("column", &Problem::column, column),
                 Field("message", &Problem::message, HasSubstr(part)));
}

/// The message of a failed Result, or that it did not fail.
template <class T>
std::string error_of(const Result<T>& result) {
    return result ? "no error" : result.error().message;
}

}  // namespace test
}  // namespace lamd::config
