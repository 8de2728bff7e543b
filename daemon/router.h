// A table of routes and the search in it: which one a request means, or why there is none. No I/O, no handlers'
// insides.
#pragma once

#include "daemon/access.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace lamd::daemon {

/// `pattern`: segments; `{}` stands for one segment, percent-decoded into the parameters; a last segment `**` for all
/// that follow. A method `*` leaves methods to the handler. `Action` is whatever the owner of the table makes of it.
template <class Action>
struct Route {
    std::string_view method;
    std::string_view pattern;
    Role role;
    Action action;
};

struct NoRoute {};

struct WrongMethod {
    std::string allowed;  ///< for the Allow field: `GET, HEAD`
};

template <class Action>
struct Match {
    const Route<Action>* route;
    std::vector<std::string> parameters;
};

/// The parameters, when the path fits the pattern.
[[nodiscard]] std::optional<std::vector<std::string>> fit(std::string_view pattern, std::string_view path);

/// Whether a route's method answers a request's: HEAD is answered by GET (RFC 9110, 9.3.2).
[[nodiscard]] bool is_method(std::string_view route, std::string_view method);

/// Adds a route's method to an Allow field.
void allow(std::string& allowed, std::string_view method);

template <class Action>
[[nodiscard]] std::variant<Match<Action>, NoRoute, WrongMethod> search(std::span<const Route<Action>> routes,
                                                                       std::string_view method, std::string_view path) {
    std::string allowed;
    for (const auto& route : routes) {
        auto parameters = fit(route.pattern, path);
        if (parameters && is_method(route.method, method)) {
            return Match<Action>{&route, *std::move(parameters)};
        }
        if (parameters) {
            allow(allowed, route.method);
        }
    }
    if (allowed.empty()) {
        return NoRoute{};
    }
    return WrongMethod{std::move(allowed)};
}

}  // namespace lamd::daemon
