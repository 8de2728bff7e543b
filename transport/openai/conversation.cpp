#include "transport/openai/conversation.h"

#include "api/parse.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace lamd::transport::openai {

namespace {

using nlohmann::json;

bool is_continuation_byte(char c) {
    return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U;
}

}  // namespace

std::string make_message(std::string_view role, std::string_view content) {
    return api::dump_json(json{{"role", role}, {"content", content}});
}

std::string role_of(std::string_view message) {
    const json object = api::parse_json<json>(message);
    const auto role = object.is_object() ? object.find("role") : object.end();
    return role != object.end() && role->is_string() ? role->get<std::string>() : std::string();
}

std::uint64_t estimate_tokens(std::string_view text) {
    constexpr std::int64_t kCharacters = 4;
    const auto characters = std::ranges::count_if(text, [](char c) { return !is_continuation_byte(c); });
    return static_cast<std::uint64_t>((characters + kCharacters - 1) / kCharacters);
}

std::uint64_t estimate_tokens(const Turn& turn) {
    std::uint64_t tokens = 0;
    for (const auto& message : turn.messages) {
        tokens += estimate_tokens(message);
    }
    return tokens;
}

void Conversation::add(std::string message) {
    if (turns_.empty() || role_of(message) == "user") {
        turns_.emplace_back();
    }
    turns_.back().messages.push_back(std::move(message));
}

std::size_t Conversation::trim(std::uint64_t budget, const std::function<std::uint64_t(const Turn&)>& count) {
    std::uint64_t kept = 0;
    std::size_t left = 0;
    for (auto turn = turns_.rbegin(); turn != turns_.rend(); ++turn, ++left) {
        kept += count(*turn);
        if (kept > budget && left > 0) {
            break;
        }
    }
    const std::size_t dropped = turns_.size() - left;
    turns_.erase(turns_.begin(), turns_.begin() + static_cast<std::ptrdiff_t>(dropped));
    return dropped;
}

std::string Conversation::messages() const {
    std::string all = system_prompt_.empty() ? "" : make_message("system", system_prompt_);
    for (const auto& turn : turns_) {
        for (const auto& message : turn.messages) {
            all += (all.empty() ? "" : ",") + message;
        }
    }
    return "[" + all + "]";
}

}  // namespace lamd::transport::openai
