// The error object of the OpenAI API, the body of every answer that is not 2xx: `{"error":{"message","type","param",
// "code"}}`. The same object travels as the last event of an answer that could not be finished.
#pragma once

#include "base/result.h"

#include <optional>
#include <string>
#include <string_view>

namespace lamd::api {

struct ErrorObject {
    std::string message;
    std::string type = "server_error";
    std::optional<std::string> param;  ///< the request's field that is to blame
    std::optional<std::string> code;   ///< stable, for programs: `model_not_found`

    friend bool operator==(const ErrorObject&, const ErrorObject&) = default;
};

/// The type that OpenAI and llama-server give to an HTTP status: `invalid_request_error`, `permission_error`, …
[[nodiscard]] std::string_view error_type(unsigned status);

/// An error with the type of `status`.
[[nodiscard]] ErrorObject make_error(unsigned status, std::string message,
                                     std::optional<std::string> code = std::nullopt);

/// One line; missing `param` and `code` are `null`, as OpenAI writes them.
[[nodiscard]] std::string encode(const ErrorObject& error);

/// Whether it is OpenAI's `{"error": {…}}` as it stands.
[[nodiscard]] bool is_error_object(std::string_view json);

/// Reads also what other servers send: numbers as `code`, a bare string as `error`, `detail` of FastAPI.
[[nodiscard]] Result<ErrorObject> decode_error(std::string_view json);

}  // namespace lamd::api
