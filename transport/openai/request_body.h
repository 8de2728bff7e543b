// What the gateway reads of a request's body, and the little that it writes into it.
#pragma once

#include "base/result.h"
#include "config/config.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace lamd::transport::openai {

struct RequestBody {
    std::string model;  ///< empty: none asked for
    bool is_stream = false;
    std::uint64_t choices = 1;  ///< `n`
    bool has_temperature = false;
    bool has_top_p = false;
    bool has_max_tokens = false;  ///< under any of its names
};

/// The body must be a JSON object; its members are the server's affair.
[[nodiscard]] Result<RequestBody> read_request_body(std::string_view body);

/// `text` with another model; otherwise the same.
[[nodiscard]] std::string with_model(std::string_view text, std::string_view model);

/// `text` with the defaults that it does not say itself; otherwise byte for byte the same.
[[nodiscard]] std::string with_defaults(std::string_view text, const RequestBody& body,
                                        const config::RequestDefaults& defaults);

}  // namespace lamd::transport::openai
