// Lets somebody end an answer wherever it waits: for a slot, for a server, for the next event. Only within a write to
// the caller it is left alone, so that the caller can still be told; a caller that takes nothing is not waited for
// long.
//
// Owner: Relay, which writes to its caller through it.
#pragma once

#include "base/async.h"
#include "base/clock.h"
#include "transport/http/server.h"

#include <string_view>

namespace lamd::gateway {

class Interruption final : public transport::http::Responder {
public:
    Interruption(const asio::any_io_executor& executor, transport::http::Responder& caller)
        : caller_(caller), asked_(executor), idle_(executor) {
        idle_.set();
    }

    void interrupt() {
        asked_.set();
    }

    enum class Outcome {
        ended,        ///< by itself, or because the caller has left
        interrupted,  ///< the caller can be told
        broken_off,   ///< in the middle of a write
    };
    /// Runs `work` until it ends or is interrupted; it is over when this returns.
    [[nodiscard]] asio::awaitable<Outcome> run(asio::awaitable<void> work);

    [[nodiscard]] asio::awaitable<Result<void>> send(transport::http::Response response) override;
    [[nodiscard]] asio::awaitable<Result<void>> begin(unsigned status, transport::http::Fields fields,
                                                      Body body) override;
    [[nodiscard]] asio::awaitable<Result<void>> write(std::string_view bytes) override;
    [[nodiscard]] asio::awaitable<Result<void>> finish(std::string_view last) override;

private:
    [[nodiscard]] asio::awaitable<void> interrupted();
    [[nodiscard]] asio::awaitable<Result<void>> guard(asio::awaitable<Result<void>> writing);

    transport::http::Responder& caller_;
    Event asked_;
    Event idle_;  ///< no write is under way
    bool is_broken_off_ = false;
};

}  // namespace lamd::gateway
