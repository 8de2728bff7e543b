// The worker's face on the legacy topics: a connection of its own to the brokers, because its status has a will of its
// own. Performs what Desk decides; the server is asked by the worker's own streams, so that deadlines, limits and the
// end of lamd are the same as for everybody else.
//
// Owner: Worker.
#pragma once

#include "base/async.h"
#include "config/config.h"
#include "transport/mqtt/client.h"
#include "worker/legacy/desk.h"
#include "worker/legacy/outbox.h"
#include "worker/streams.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace lamd::worker::legacy {

struct Report {
    std::vector<std::string> projects;
    Desk::Counts counts;
    transport::mqtt::Report broker;
};

class Ingress final : private transport::mqtt::Listener {
public:
    /// `worker`, which has `legacy`, outlives it.
    Ingress(const transport::mqtt::Environment& environment, const config::Worker& worker, config::Mqtt config,
            Streams& streams);

    void start();

    /// Takes no messages any more. Returns once those that it has are answered, at `deadline` at the latest.
    [[nodiscard]] asio::awaitable<void> drain(Instant deadline);
    [[nodiscard]] asio::awaitable<void> stop();

    [[nodiscard]] Report report();

private:
    void connected() override;
    void disconnected() override;
    void received(transport::mqtt::Message message) override;
    void changed() override {}

    [[nodiscard]] std::map<std::string, std::string> read_prompts() const;
    void perform(std::vector<Action> actions);
    [[nodiscard]] asio::awaitable<void> answer(Work work);
    [[nodiscard]] asio::awaitable<Answer> ask(const std::string& body);
    [[nodiscard]] asio::awaitable<void> beat();
    [[nodiscard]] asio::awaitable<void> settle();
    void say_online();
    void flush();

    transport::mqtt::Environment environment_;
    const config::Worker& worker_;
    const config::Legacy& legacy_;
    Streams& streams_;
    std::string status_topic_;
    Desk desk_;
    Outbox outbox_;
    TaskGroup answers_;
    TaskGroup tasks_;
    std::unique_ptr<transport::mqtt::Client> client_;
};

}  // namespace lamd::worker::legacy
