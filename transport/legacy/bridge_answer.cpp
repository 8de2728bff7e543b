#include "transport/legacy/bridge_answer.h"

#include "api/error.h"
#include "api/parse.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace lamd::transport::legacy {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kError = "Error:";
constexpr std::size_t kLongestBusy = 160;
constexpr std::array<std::string_view, 14> kBusyWords{"error", "sorry", "the",        "server",    "service",
                                                      "llm",   "model", "is",         "currently", "too",
                                                      "very",  "queue", "overloaded", "at"};

// The words up to one that no such text has.
bool is_busy(std::string_view reply) {
    if (reply.size() > kLongestBusy) {
        return false;
    }
    std::string word;
    bool has_server = false;
    for (const char character : reply) {
        if (std::isalpha(static_cast<unsigned char>(character)) != 0) {
            word += static_cast<char>(std::tolower(static_cast<unsigned char>(character)));
            continue;
        }
        if (word == "busy") {
            return has_server;
        }
        if (!word.empty() && std::ranges::find(kBusyWords, word) == kBusyWords.end()) {
            return false;
        }
        has_server = has_server || word == "server" || word == "service";
        word.clear();
    }
    return has_server && word == "busy";
}

// With tools the text is the object's `hint`; without a call there is nothing else in it.
std::string text_of(std::string_view reply) {
    if (reply.starts_with('{')) {
        const auto json = api::parse_json<Json>(reply);
        if (json.is_object() && json.size() == 1 && json.contains("hint") && json["hint"].is_string()) {
            return json["hint"].get<std::string>();
        }
    }
    return std::string(reply);
}

Json frame(const AnswerFacts& facts, std::string_view object, Json choice) {
    Json answer;
    answer["id"] = "chatcmpl-" + facts.id;
    answer["object"] = object;
    answer["created"] = facts.created;
    answer["model"] = facts.model;
    answer["choices"] = Json::array({std::move(choice)});
    return answer;
}

std::string body_of(const AnswerFacts& facts, std::string_view reply) {
    Json choice;
    choice["index"] = 0;
    choice[facts.is_stream ? "delta" : "message"] = {{"role", "assistant"}, {"content", text_of(reply)}};
    choice["finish_reason"] = "stop";
    if (!facts.is_stream) {
        return api::dump_json(frame(facts, "chat.completion", std::move(choice)));
    }
    return "data: " + api::dump_json(frame(facts, "chat.completion.chunk", std::move(choice))) + "\n\ndata: [DONE]\n\n";
}

http::Response failure(unsigned status, std::string_view message, std::string code) {
    const api::ErrorObject error{std::string(message), "upstream_error", std::nullopt, std::move(code)};
    return {status, {{"Content-Type", "application/json"}}, api::encode(error)};
}

}  // namespace

ReplyKind classify(std::string_view reply) {
    if (is_busy(reply)) {
        return ReplyKind::busy;
    }
    return reply.starts_with(kError) ? ReplyKind::failure : ReplyKind::answer;
}

http::Response make_answer(const AnswerFacts& facts, std::string_view reply) {
    switch (classify(reply)) {
        case ReplyKind::busy: {
            auto response = failure(503, reply, "saturated");
            response.fields.push_back({"Retry-After", "2"});
            return response;
        }
        case ReplyKind::failure:
            return failure(502, reply, "bridge_error");
        case ReplyKind::answer:
            break;
    }
    const auto* const type = facts.is_stream ? "text/event-stream" : "application/json";
    return {200, {{"Content-Type", type}}, body_of(facts, reply)};
}

}  // namespace lamd::transport::legacy
