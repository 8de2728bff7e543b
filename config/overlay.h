// The settings that backends made by environment variables before lamd (LLM_…, MQTT_…). They fill in what the file does
// not say; the file wins. What this version cannot honour, or should not, is a warning.
#pragma once

#include "config/config.h"
#include "config/fields.h"

#include <optional>
#include <string>

namespace lamd::config {

struct Overlay {
    Mode mode = Mode::automatic;  ///< LLM_COMM_MODE
    RequestDefaults defaults;
    std::uint64_t max_history_tokens =
        Sessions{}.max_history_tokens;      ///< LLM_MAX_HISTORY_TOKENS               ///< LLM_TEMPERATURE, LLM_TOP_P,
                                            ///< LLM_MAX_TOKENS, LLM_SKIP_THINKING
    Deadlines deadlines;                    ///< LLM_TIMEOUT is the deadline `first`
    std::optional<std::string> server_url;  ///< LLM_SERVER_URL: of a server named `default`, when none is configured
};

[[nodiscard]] Overlay read_overlay(Reading& reading);

}  // namespace lamd::config
