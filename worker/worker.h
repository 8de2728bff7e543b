// The worker's parts put together: the streams with their journals, the client that asks the model's server, and the
// ways on which gateways come in. Owner: daemon, one per process.
#pragma once

#include "base/async.h"
#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "transport/http/server.h"
#include "worker/http_ingress.h"
#include "worker/legacy/ingress.h"
#include "worker/mqtt_ingress.h"
#include "worker/streams.h"

#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace lamd::worker {

struct Figures {
    std::size_t running = 0;  ///< streams that the server is answering
    std::size_t kept = 0;     ///< streams that can be resumed, the running ones too
    std::uint64_t journal_bytes = 0;
    std::size_t waiting = 0;  ///< of the running ones: those whose next tokens are the server's to give
    Instant last_progress{};  ///< of any of them, ever
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

    /// Takes what can be changed while it serves: everything but its name, where it listens and the legacy topics. What
    /// runs keeps what it was begun with.
    void apply(const config::Worker& config, Secret key);

    /// Listens elsewhere from now on, on a socket that it takes over. Connections that are open are served on.
    void move(int listener);

    [[nodiscard]] const config::Worker& config() const {
        return config_;
    }
    /// Nothing where there are no brokers.
    [[nodiscard]] std::optional<transport::mqtt::Report> broker() const {
        return mqtt_ingress_ ? std::optional(mqtt_ingress_->report()) : std::nullopt;
    }
    /// Nothing where the legacy topics are not served.
    [[nodiscard]] std::optional<legacy::Report> legacy() const {
        return legacy_ ? std::optional(legacy_->report()) : std::nullopt;
    }
    [[nodiscard]] Figures figures() const {
        return {streams_.running(), streams_.size(), streams_.journal_bytes(), streams_.waiting(),
                streams_.last_progress()};
    }

private:
    [[nodiscard]] asio::awaitable<void> end_streams(Instant at);
    [[nodiscard]] std::unique_ptr<transport::http::Server> make_server(int listener);

    Environment environment_;
    config::Worker config_;
    Secret key_;
    std::unique_ptr<transport::http::Client> client_;
    Streams streams_;
    HttpIngress http_ingress_;
    std::unique_ptr<MqttIngress> mqtt_ingress_;
    std::unique_ptr<legacy::Ingress> legacy_;
    std::unique_ptr<transport::http::Server> server_;
    std::vector<std::unique_ptr<transport::http::Server>> former_;  ///< where it listened before
    TaskGroup tasks_;
};

}  // namespace lamd::worker
