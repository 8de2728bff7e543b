#include "gateway/sessions/recorder.h"

#include "api/error.h"

#include <utility>

namespace lamd::gateway::sessions {

namespace {

using transport::http::Fields;
using transport::http::Response;

std::string not_kept(const Error& error) {
    return api::encode(api::make_error(500, "the answer could not be kept: " + error.message, "session_not_kept"));
}

}  // namespace

asio::awaitable<Result<void>> Recorder::send(Response response) {
    const auto message =
        response.status == 200 ? transport::openai::AnswerMessage::of_body(response.body) : std::nullopt;
    if (message) {
        const auto kept = co_await keep_(*message);
        if (!kept) {
            response.status = 500;
            response.body = not_kept(kept.error());
        }
    }
    co_return co_await caller_.send(std::move(response));
}

asio::awaitable<Result<void>> Recorder::begin(unsigned status, Fields fields, Body body) {
    co_return co_await caller_.begin(status, std::move(fields), body);
}

asio::awaitable<Result<void>> Recorder::write(std::string_view bytes) {
    auto taken = co_await take(bytes);
    if (!taken) {
        co_return taken;
    }
    co_return co_await caller_.write(bytes);
}

asio::awaitable<Result<void>> Recorder::finish(std::string_view last) {
    auto taken = co_await take(last);
    if (!taken) {
        co_return taken;
    }
    co_return co_await caller_.finish(last);
}

// Kept, if that is the end of the answer.
asio::awaitable<Result<void>> Recorder::take(std::string_view bytes) {
    const auto complete = splitter_.feed(std::string(bytes));
    if (!complete) {
        co_return complete.error();
    }
    for (const auto& [begin, size] : splitter_.events()) {
        const auto event = std::string_view(*complete).substr(begin, size);
        watch_.see(event);
        answer_.see(event);
    }
    if (watch_.is_complete() && !std::exchange(is_kept_, true)) {
        const auto kept = co_await keep_(answer_.message());
        if (!kept) {
            const std::string error = "data: " + not_kept(kept.error()) + "\n\n";
            co_await caller_.write(error);
            co_return kept.error();
        }
    }
    co_return Result<void>();
}

}  // namespace lamd::gateway::sessions
