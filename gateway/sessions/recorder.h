// Passes an answer on to its caller and takes it down. Once it is complete it is kept, and only then is its end passed
// on: what a caller has seen the end of is in the history. What is cut, or left by its caller before, never is.
//
// Owner: Sessions, for one message.
#pragma once

#include "base/async.h"
#include "transport/http/server.h"
#include "transport/openai/answer_message.h"
#include "transport/openai/stream_watch.h"
#include "transport/sse/splitter.h"

#include <functional>
#include <string>

namespace lamd::gateway::sessions {

class Recorder final : public transport::http::Responder {
public:
    /// Keeps the assistant's message (JSON).
    using Keep = std::function<asio::awaitable<Result<void>>(std::string message)>;

    Recorder(transport::http::Responder& caller, Keep keep) : caller_(caller), keep_(std::move(keep)) {}

    [[nodiscard]] asio::awaitable<Result<void>> send(transport::http::Response response) override;
    [[nodiscard]] asio::awaitable<Result<void>> begin(unsigned status, transport::http::Fields fields,
                                                      Body body) override;
    [[nodiscard]] asio::awaitable<Result<void>> write(std::string_view bytes) override;
    [[nodiscard]] asio::awaitable<Result<void>> finish(std::string_view last) override;

private:
    [[nodiscard]] asio::awaitable<Result<void>> take(std::string_view bytes);

    transport::http::Responder& caller_;
    Keep keep_;
    transport::sse::Splitter splitter_;
    transport::openai::StreamWatch watch_{1};
    transport::openai::AnswerMessage answer_;
    bool is_kept_ = false;
};

}  // namespace lamd::gateway::sessions
