#include "gateway/sessions/token_counter.h"

#include "api/parse.h"

#include <nlohmann/json.hpp>

#include <utility>

namespace lamd::gateway::sessions {

namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr Duration kDeadline = 3s;

}  // namespace

asio::awaitable<std::optional<std::uint64_t>> TokenCounter::count(std::string messages, std::string tools) {
    std::string request = "{\"messages\":" + messages + (tools.empty() ? "" : ",\"tools\":" + tools) + "}";
    const auto templated = co_await ask("/apply-template", std::move(request));
    const auto prompt = templated ? api::parse_json<json>(*templated) : json();
    if (!prompt.is_object() || !prompt.contains("prompt") || !prompt["prompt"].is_string()) {
        co_return std::nullopt;
    }
    // As llama-server does with the prompt of a chat: with what the model wants in front, and its own tags as tokens.
    std::string question =
        api::dump_json(json{{"content", prompt["prompt"]}, {"add_special", true}, {"parse_special", true}});
    const auto tokenized = co_await ask("/tokenize", std::move(question));
    const auto tokens = tokenized ? api::parse_json<json>(*tokenized) : json();
    if (!tokens.is_object() || !tokens.contains("tokens") || !tokens["tokens"].is_array()) {
        co_return std::nullopt;
    }
    co_return tokens["tokens"].size();
}

asio::awaitable<std::optional<std::string>> TokenCounter::ask(std::string path, std::string body) {
    const auto paths = server_.usable_paths(mode_);
    if (is_mute_ || paths.empty() || !server_.is_llama_cpp()) {
        co_return std::nullopt;
    }
    auto answer = co_await paths.front()->way().post(std::move(path), std::move(body), server_.key(), kDeadline);
    is_mute_ = !answer || answer->status >= 500 || answer->status == 404;
    if (!answer || answer->status != 200) {
        co_return std::nullopt;
    }
    co_return std::move(answer->body);
}

}  // namespace lamd::gateway::sessions
