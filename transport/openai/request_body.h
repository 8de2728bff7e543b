// What the gateway reads of a request's body, and the little that it writes into it.
#pragma once

#include "base/result.h"
#include "config/config.h"

#include <cstdint>
#include <optional>
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
    bool has_progress = false;    ///< `return_progress` is said, however
    std::string caller;           ///< `safety_identifier`, else `user`, as written; at most 256 bytes

    // JSON as written in the body, which outlives them; empty where it is not there.
    std::string_view messages;
    std::string_view prompt;
    std::string_view tools;
    std::string_view template_kwargs;  ///< `chat_template_kwargs`

    std::optional<bool> skip_thinking;  ///< a word to lamd, not to the server
};

/// The body must be a JSON object; its members are the server's affair. The result points into `body`.
[[nodiscard]] Result<RequestBody> read_request_body(std::string_view body);

/// `text` with another model; otherwise the same.
[[nodiscard]] std::string with_model(std::string text, std::string_view model);

/// `text` with the wish to be told how far the server is with the prompt (llama-server).
[[nodiscard]] std::string with_progress(std::string text);

/// What the request itself says of thinking: by `skip_thinking`, or by asking the template for it (`enable_thinking`);
/// nothing if it does not.
[[nodiscard]] std::optional<bool> skips_thinking(const RequestBody& body);

/// `text` with the wish to the server's template not to think, beside what it says to it already.
[[nodiscard]] std::string with_thinking_off(std::string text, const RequestBody& body);

/// `text`, a JSON object, without the member; otherwise byte for byte the same.
[[nodiscard]] std::string without_member(std::string text, std::string_view name);

/// `text` with the defaults that it does not say itself; otherwise byte for byte the same.
[[nodiscard]] std::string with_defaults(std::string text, const RequestBody& body,
                                        const config::RequestDefaults& defaults);

}  // namespace lamd::transport::openai
