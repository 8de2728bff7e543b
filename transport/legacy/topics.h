// The topics of existing deployments: PROJECT/user_input and its kin (docs/legacy-mqtt.md). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lamd::transport::legacy {

/// What a backend says to a bridge.
enum class Subject {
    user_input,
    state,          ///< of a game
    system_prompt,  ///< the topic `template`
    clear_history,
    delete_session,
};

struct Address {
    std::string project;
    Subject subject = Subject::user_input;
    std::string session;  ///< the last level, where the topic has one more; empty without

    friend bool operator==(const Address&, const Address&) = default;
};

/// Nothing: no topic that a bridge listens to.
[[nodiscard]] std::optional<Address> parse_topic(std::string_view topic);

/// What a bridge of the project listens to.
[[nodiscard]] std::vector<std::string> bridge_filters(const std::string& project, bool has_state);

[[nodiscard]] std::string topic(std::string_view project, Subject subject);
[[nodiscard]] std::string response_topic(std::string_view project, std::string_view session);
[[nodiscard]] std::string hint_topic(std::string_view project, std::string_view session);
[[nodiscard]] std::string status_topic(std::string_view project);

/// Whether a bridge may answer there: below the project's response topic, with something behind it, and no pattern.
[[nodiscard]] bool is_reply_topic(std::string_view project, std::string_view topic);

/// Whether a message can be published there at all (MQTT 4.7.1, 4.7.3): no `+`, `#` or U+0000, 1 to 65535 bytes.
[[nodiscard]] bool is_publishable(std::string_view topic);

}  // namespace lamd::transport::legacy
