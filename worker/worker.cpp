#include "worker/worker.h"

#include <utility>

namespace lamd::worker {

namespace {

transport::http::Limits http_limits() {
    transport::http::Limits limits;
    limits.body = 104'857'600_B;  // llama-server's own
    limits.idle_timeout = std::chrono::minutes(5);
    return limits;
}

StreamLimits stream_limits(const config::Worker& config) {
    return {.journal = config.stream_journal, .journals = config.journal, .keep = config.keep};
}

}  // namespace

Worker::Worker(Environment environment, config::Worker config, std::optional<config::Mqtt> mqtt, Secret key,
               int listener)
    : environment_(std::move(environment)),
      config_(std::move(config)),
      key_(std::move(key)),
      client_(transport::http::Client::create(environment_.executor)),
      streams_({environment_.executor, environment_.clock, *client_, config_, key_}, stream_limits(config_)),
      http_ingress_(config_.name, {environment_.executor, environment_.clock, *client_, config_, key_}, streams_),
      server_(make_server(listener)),
      tasks_(environment_.executor) {
    if (mqtt) {
        const transport::mqtt::Environment brokers{environment_.executor, environment_.clock, environment_.log,
                                                   environment_.uniform};
        mqtt_ingress_ = std::make_unique<MqttIngress>(brokers, config_, *mqtt, streams_);
        if (config_.legacy) {
            legacy_ = std::make_unique<legacy::Ingress>(brokers, config_, std::move(*mqtt), streams_);
        }
    }
}

std::unique_ptr<transport::http::Server> Worker::make_server(int listener) {
    return transport::http::Server::create(
        environment_.executor, listener, http_limits(),
        [this](const transport::http::Request& request, transport::http::Responder& responder) {
            return http_ingress_.handle(request, responder);
        },
        [this](const Error& error) { environment_.log.error(error.message); });
}

// Field by field: the rest is what others refer to, or have made a name of.
void Worker::apply(const config::Worker& config, Secret key) {
    config_.server = config.server;
    config_.api_key_file = config.api_key_file;
    config_.deadlines = config.deadlines;
    config_.listen = config.listen;
    config_.stream_journal = config.stream_journal;
    config_.journal = config.journal;
    config_.keep = config.keep;
    config_.lease = config.lease;
    config_.run = config.run;
    key_ = std::move(key);
    streams_.set_limits(stream_limits(config_));
}

void Worker::move(int listener) {
    former_.push_back(std::exchange(server_, make_server(listener)));
    former_.back()->refuse_new();
    server_->start();
}

void Worker::start() {
    server_->start();
    tasks_.spawn(streams_.run());
    if (mqtt_ingress_) {
        mqtt_ingress_->start();
    }
    if (legacy_) {
        legacy_->start();
    }
}

asio::awaitable<void> Worker::end_streams(Instant at) {
    co_await sleep_until(at);
    streams_.end_all();
}

asio::awaitable<void> Worker::stop(Instant deadline) {
    constexpr Duration kToTell = std::chrono::milliseconds(250);
    TaskGroup ending(environment_.executor);
    ending.spawn(end_streams(deadline - kToTell));
    streams_.close();
    co_await http_ingress_.drain(deadline);
    for (auto& server : former_) {
        co_await server->stop(deadline);
    }
    co_await server_->stop(deadline);
    if (mqtt_ingress_) {
        co_await mqtt_ingress_->drain(deadline);
    }
    if (legacy_) {
        co_await legacy_->drain(deadline);
    }
    ending.cancel();
    co_await ending.join();
    co_await streams_.stop();
    if (mqtt_ingress_) {
        co_await mqtt_ingress_->stop();
    }
    if (legacy_) {
        co_await legacy_->stop();
    }
    tasks_.cancel();
    co_await tasks_.join();
}

}  // namespace lamd::worker
