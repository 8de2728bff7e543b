// The worker's parts put together: the streams with their journals, the client that asks the model's server, and the
// ways on which gateways come in. Owner: daemon, one per process.
#pragma once

#include "base/async.h"
#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "transport/http/server.h"
#include "worker/http_ingress.h"
#include "worker/mqtt_ingress.h"
#include "worker/streams.h"

#include <functional>
#include <memory>
#include <optional>

namespace lamd::worker {

struct Figures {
    std::size_t running = 0;  ///< streams that the server is answering
    std::size_t kept = 0;     ///< streams that can be resumed, the running ones too
    std::uint64_t journal_bytes = 0;
};

class Worker {
public:
    struct Environment {
        asio::any_io_executor executor;
        const Clock& clock;
        log::Logger& log;
        std::function<double()> uniform;  ///< a random number in [0, 1)
    };

    /// `listener`: a listening socket where `config.listen` says, taken over. `mqtt`: the brokers, where there are any.
    Worker(Environment environment, config::Worker config, std::optional<config::Mqtt> mqtt, Secret key, int listener);
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    void start();

    /// Running streams go on until `deadline`; then they are cancelled, and their gateways told.
    [[nodiscard]] asio::awaitable<void> stop(Instant deadline);

    [[nodiscard]] const config::Worker& config() const {
        return config_;
    }
    /// Nothing where there are no brokers.
    [[nodiscard]] std::optional<transport::mqtt::Report> broker() const {
        return mqtt_ingress_ ? std::optional(mqtt_ingress_->report()) : std::nullopt;
    }
    [[nodiscard]] Figures figures() const {
        return {streams_.running(), streams_.size(), streams_.journal_bytes()};
    }

private:
    [[nodiscard]] asio::awaitable<void> end_streams(Instant at);

    Environment environment_;
    config::Worker config_;
    Secret key_;
    std::unique_ptr<transport::http::Client> client_;
    Streams streams_;
    HttpIngress http_ingress_;
    std::unique_ptr<MqttIngress> mqtt_ingress_;
    std::unique_ptr<transport::http::Server> server_;
    TaskGroup tasks_;
};

}  // namespace lamd::worker
