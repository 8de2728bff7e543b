#include "config/overlay.h"

#include "config/addresses.h"
#include "config/sections.h"
#include "config/values.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

namespace lamd::config {
namespace {

using namespace std::chrono_literals;

constexpr Place kNowhere{.line = 0, .column = 0};

struct Unhonoured {
    std::string_view variable;
    std::string_view why;
};
constexpr std::string_view kBrokers =
    "is ignored: brokers are written in the configuration, mqtt: {brokers: [{url: mqtts://HOST}]}";
constexpr std::array<Unhonoured, 4> kUnhonoured{{
    {"MQTT_BROKER_HOST", kBrokers},
    {"MQTT_BROKER_PORT", kBrokers},
    {"MQTT_USERNAME", kBrokers},
    {"MQTT_PASSWORD",
     "is ignored, and every process of this user can read it: a secret belongs into a file that only "
     "lamd can read; unset it"},
}};

template <class T, class Parse>
void fill(Reading& reading, std::string_view variable, T& to, Parse parse) {
    const std::string* text = reading.variable(variable);
    if (text == nullptr) {
        return;
    }
    auto value = parse(*text);
    if (value) {
        to = *value;
    } else {
        reading.problem(kNowhere, fmt::format("environment variable {}: {}", variable, value.error().message));
    }
}

/// The old clients took seconds without a unit.
Result<Duration> parse_seconds(const std::string& text) {
    const bool is_bare = !text.empty() && text.find_first_not_of("0123456789.") == std::string::npos;
    return between<Duration>(0s, kLongestDeadline, parse_duration)(is_bare ? text + "s" : text);
}

}  // namespace

Overlay read_overlay(Reading& reading) {
    Overlay overlay;
    fill(reading, "LLM_COMM_MODE", overlay.mode, parse_mode);
    fill(reading, "LLM_SERVER_URL", overlay.server_url, parse_base_url);
    fill(reading, "LLM_TIMEOUT", overlay.deadlines.first, parse_seconds);
    fill(reading, "LLM_TEMPERATURE", overlay.defaults.temperature, parse_temperature);
    fill(reading, "LLM_TOP_P", overlay.defaults.top_p, parse_top_p);
    fill(reading, "LLM_MAX_TOKENS", overlay.defaults.max_tokens, parse_max_tokens);
    fill(reading, "LLM_SKIP_THINKING", overlay.defaults.skip_thinking, parse_bool);
    fill(reading, "LLM_MAX_HISTORY_TOKENS", overlay.max_history_tokens, parse_max_history_tokens);
    for (const auto& [variable, why] : kUnhonoured) {
        if (reading.variable(variable) != nullptr) {
            reading.warn(kNowhere, fmt::format("environment variable {} {}", variable, why));
        }
    }
    return overlay;
}

}  // namespace lamd::config
