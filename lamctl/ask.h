// What lamd answers, as a value.
#pragma once

#include "api/codec.h"
#include "lamctl/client.h"
#include "lamctl/outcome.h"

#include <fmt/format.h>

#include <string>
#include <utility>

namespace lamd::lamctl {

/// Of an answer that cannot be read.
[[nodiscard]] inline Failure not_understood(const Request& request, const Error& why) {
    return Failure{ExitCode::error,
                   fmt::format("lamd's answer to {} {}: {}", request.method, request.target, why.message),
                   "lamctl version shows whether lamd and lamctl fit"};
}

/// The body of lamd's answer to `request`, as a value.
template <class T>
[[nodiscard]] Outcome<T> understand(const Request& request, const std::string& body) {
    auto value = api::decode<T>(body);
    return value ? Outcome<T>(*std::move(value)) : not_understood(request, value.error());
}

/// fetch() and understand().
template <class T>
[[nodiscard]] Outcome<T> ask(const std::string& socket, const Request& request) {
    const auto body = fetch(socket, request);
    return body ? understand<T>(request, *body) : body.error();
}

}  // namespace lamd::lamctl
