// Whole answers of the control API. Apart from the coroutines that send them, because g++ 12 cannot make lists of
// fields inside a coroutine.
#pragma once

#include "daemon/control.h"
#include "transport/http/message.h"

#include <optional>
#include <string>

namespace lamd::daemon {

/// JSON that is already encoded.
[[nodiscard]] transport::http::Response json_reply(unsigned status, std::string body);

[[nodiscard]] transport::http::Response error_reply(unsigned status, std::string message,
                                                    std::optional<std::string> code = std::nullopt);

[[nodiscard]] transport::http::Response not_found(std::string_view path);
[[nodiscard]] transport::http::Response wrong_method(std::string_view method, std::string allowed);
[[nodiscard]] transport::http::Response text_reply(std::string_view type, std::string body);
[[nodiscard]] transport::http::Response liveness(std::string_view key, bool is_so, std::string_view otherwise);
[[nodiscard]] transport::http::Response whoami_reply(std::string_view role, uid_t uid);
[[nodiscard]] transport::http::Response config_reply(const std::string& file, const std::string& yaml);

/// 200 with what changed, or 422 with the list of problems.
[[nodiscard]] transport::http::Response reload_reply(const ReloadOutcome& outcome);

/// Of `PUT /lam/v1/mode`: `{"mode": "auto|sse|mqtt", "now": false}`.
struct ModeRequest {
    config::Mode mode = config::Mode::automatic;
    bool is_now = false;
};
[[nodiscard]] Result<ModeRequest> read_mode_request(std::string_view body);

[[nodiscard]] transport::http::Fields event_stream_fields();

}  // namespace lamd::daemon
