#include "transport/legacy/topics.h"

#include <fmt/format.h>

#include <array>

namespace lamd::transport::legacy {

namespace {

struct Name {
    Subject subject;
    std::string_view level;
    bool may_name_session;
};

constexpr std::array<Name, 5> kNames{{{Subject::user_input, "user_input", false},
                                      {Subject::state, "state", false},
                                      {Subject::system_prompt, "template", true},
                                      {Subject::clear_history, "clear_history", true},
                                      {Subject::delete_session, "delete_session", true}}};

std::string_view level_of(Subject subject) {
    for (const auto& name : kNames) {
        if (name.subject == subject) {
            return name.level;
        }
    }
    return "";
}

}  // namespace

std::optional<Address> parse_topic(std::string_view topic) {
    const auto first = topic.find('/');
    if (first == std::string_view::npos || first == 0) {
        return std::nullopt;
    }
    const auto rest = topic.substr(first + 1);
    const auto second = rest.find('/');
    const auto session = second == std::string_view::npos ? std::string_view() : rest.substr(second + 1);
    for (const auto& name : kNames) {
        const bool fits = session.empty() ? second == std::string_view::npos : name.may_name_session;
        if (name.level == rest.substr(0, second) && fits) {
            return Address{std::string(topic.substr(0, first)), name.subject, std::string(session)};
        }
    }
    return std::nullopt;
}

std::vector<std::string> bridge_filters(const std::string& project, bool has_state) {
    std::vector<std::string> filters;
    for (const auto& name : kNames) {
        if (name.subject == Subject::state && !has_state) {
            continue;
        }
        filters.push_back(fmt::format("{}/{}", project, name.level));
        if (name.may_name_session) {
            filters.push_back(fmt::format("{}/{}/+", project, name.level));
        }
    }
    return filters;
}

std::string topic(std::string_view project, Subject subject) {
    return fmt::format("{}/{}", project, level_of(subject));
}

std::string response_topic(std::string_view project, std::string_view session) {
    return fmt::format("{}/assistant_response/{}", project, session);
}

std::string hint_topic(std::string_view project, std::string_view session) {
    return fmt::format("{}/hint/{}", project, session);
}

std::string status_topic(std::string_view project) {
    return fmt::format("{}/status", project);
}

bool is_reply_topic(std::string_view project, std::string_view topic) {
    const auto root = response_topic(project, "");
    return topic.starts_with(root) && topic.size() > root.size() && is_publishable(topic);
}

bool is_publishable(std::string_view topic) {
    constexpr std::size_t kLongest = 65535;
    constexpr std::string_view kForbidden("+#\0", 3);
    return !topic.empty() && topic.size() <= kLongest && topic.find_first_of(kForbidden) == std::string_view::npos;
}

}  // namespace lamd::transport::legacy
