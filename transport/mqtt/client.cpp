#include "transport/mqtt/client.h"

#include "transport/mqtt/papers.h"
#include "transport/mqtt/resolve.h"
#include "transport/mqtt/session.h"

#include <fmt/format.h>
#include <boost/asio/experimental/awaitable_operators.hpp>

#include <algorithm>
#include <utility>

namespace lamd::transport::mqtt {

namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;

constexpr Duration kLeastPerAddress = 2s;

class PersistentClient final : public Client, private SessionListener {
public:
    PersistentClient(Environment environment, Settings settings, Listener& listener)
        : environment_(std::move(environment)),
          settings_(std::move(settings)),
          listener_(listener),
          machine_(settings_.config.brokers.size(), settings_.policy),
          since_(environment_.clock.wall()),
          stopping_(environment_.executor),
          tasks_(environment_.executor) {}

    void start() override {
        tasks_.spawn(run());
    }

    asio::awaitable<void> stop() override {
        stopping_.set();
        if (session_) {
            session_->leave();
        }
        co_await tasks_.join();
    }

    [[nodiscard]] bool is_up() const override {
        return is_up_ && session_ && session_->is_ready();
    }

    Result<void> publish(std::string_view topic, std::string_view payload, PublishOptions options) override {
        if (!is_up()) {
            return Error{fmt::format("publish to {}: no broker is connected", topic)};
        }
        return session_->publish(topic, payload, options);
    }

    [[nodiscard]] std::size_t packet_limit() const override {
        return limits_.packet;
    }

    [[nodiscard]] Pending pending() const override {
        return session_ ? session_->pending() : Pending{};
    }

    [[nodiscard]] Report report() const override;

private:
    asio::awaitable<void> run();
    asio::awaitable<std::optional<Failure>> attempt(const config::Broker& broker);
    asio::awaitable<std::optional<Failure>> attempt_one(const Attempt& attempt, Instant deadline);
    asio::awaitable<Result<std::vector<tcp::endpoint>>> addresses(const config::Broker& broker, Instant deadline);
    void rise();
    void fall();
    Action next(const Outcome& outcome);
    void tell();
    void log_state(State state);

    void session_received(Message message) override {
        if (is_up_) {
            listener_.received(std::move(message));
        } else {
            early_.push_back(std::move(message));
        }
    }

    void session_refused(Trouble trouble) override {
        ++refused_;
        refusal_ = std::move(trouble);
        listener_.changed();
    }

    Environment environment_;
    Settings settings_;
    Listener& listener_;
    Machine machine_;
    State state_ = State::idle;
    WallTime since_;
    bool is_up_ = false;              ///< connected() was called, disconnected() not yet
    std::vector<Message> early_;      ///< they came before the last SUBACK
    std::optional<Trouble> refusal_;  ///< of this connection
    std::uint64_t refused_ = 0;
    std::optional<Duration> round_trip_;
    Limits limits_;
    std::unique_ptr<Session> session_;
    Event stopping_;
    TaskGroup tasks_;
};

asio::awaitable<void> PersistentClient::run() {
    Action action = machine_.start(environment_.clock.now());
    tell();
    while (!stopping_.is_set()) {
        if (action.step == Step::pause) {
            co_await stopping_.wait_until(action.until.value_or(environment_.clock.now()));
            if (!stopping_.is_set()) {
                action = next(Due{});
            }
        } else if (const auto failure = co_await attempt(settings_.config.brokers[action.broker])) {
            action = next(*failure);
        }
    }
    state_ = State::idle;
    since_ = environment_.clock.wall();
    listener_.changed();
}

// One attempt and, if it succeeds, the whole connection. Nothing: the client was asked to stop.
asio::awaitable<std::optional<Failure>> PersistentClient::attempt(const config::Broker& broker) {
    const Instant deadline = environment_.clock.now() + settings_.attempt_limit;
    const Result<Papers> papers = read_papers(broker);
    if (!papers) {
        co_return Failure{
            Cause::local_file,
            {papers.error().message, "correct the file, or its name in mqtt.brokers; then `systemctl restart lamd`"}};
    }
    const auto endpoints = co_await addresses(broker, deadline);
    if (!endpoints) {
        co_return Failure{Cause::name_unknown,
                          {endpoints.error().message, "correct the name in mqtt.brokers, or this machine's resolver"}};
    }
    std::optional<Failure> failure;
    for (std::size_t i = 0; i < endpoints->size() && !stopping_.is_set(); ++i) {
        const Instant now = environment_.clock.now();
        const auto left = static_cast<Duration::rep>(endpoints->size() - i);
        const Instant limit =
            now + std::max<Duration>((deadline - now) / left, std::min(kLeastPerAddress, settings_.attempt_limit));
        failure = co_await attempt_one({.broker = broker,
                                        .settings = settings_,
                                        .endpoint = (*endpoints)[i],
                                        .password = papers->password,
                                        .tls = papers->tls.get()},
                                       limit);
        const bool had_connection = session_->is_connected();
        session_.reset();
        if (had_connection) {
            break;
        }
    }
    co_return failure;
}

asio::awaitable<Result<std::vector<tcp::endpoint>>> PersistentClient::addresses(const config::Broker& broker,
                                                                                Instant deadline) {
    using namespace asio::experimental::awaitable_operators;
    auto outcome = co_await (resolve(broker.address, deadline) || stopping_.wait());
    if (auto* endpoints = std::get_if<0>(&outcome)) {
        co_return std::move(*endpoints);
    }
    co_return Error{"stopped"};
}

asio::awaitable<std::optional<Failure>> PersistentClient::attempt_one(const Attempt& attempt, Instant deadline) {
    session_ = std::make_unique<Session>(environment_.executor, environment_.clock, attempt,
                                         static_cast<SessionListener&>(*this));
    co_await session_->open(deadline);
    if (session_->is_ready() && !stopping_.is_set()) {
        rise();
        co_await session_->closed();
    }
    if (!session_->failure()) {
        co_await session_->finish(settings_.finish_limit);
    }
    co_await session_->join();
    fall();
    co_return stopping_.is_set() ? std::nullopt : session_->failure();
}

void PersistentClient::rise() {
    limits_ = session_->limits();
    is_up_ = true;
    static_cast<void>(next(Connected{}));
    listener_.connected();
    for (Message& message : std::exchange(early_, {})) {
        listener_.received(std::move(message));
    }
}

void PersistentClient::fall() {
    round_trip_ = session_->round_trip();
    early_.clear();
    if (std::exchange(is_up_, false)) {
        refusal_.reset();
        listener_.disconnected();
    }
}

Action PersistentClient::next(const Outcome& outcome) {
    const Action action = machine_.next(outcome, environment_.clock.now(), environment_.uniform());
    tell();
    return action;
}

void PersistentClient::tell() {
    if (const State state = machine_.state(); state != state_) {
        state_ = state;
        since_ = environment_.clock.wall();
        log_state(state);
    }
    listener_.changed();
}

void PersistentClient::log_state(State state) {
    const auto& trouble = machine_.trouble();
    environment_.log.debug(trouble ? trouble->message : "the MQTT client changed",
                           {{"broker", config::to_string(settings_.config.brokers[machine_.broker()].address)},
                            {"state", std::string(to_string(state))}});
}

Report PersistentClient::report() const {
    Report report{
        .state = state_,
        .broker = config::to_string(settings_.config.brokers[machine_.broker()].address),
        .since = since_,
        .trouble = state_ == State::up ? refusal_ : machine_.trouble(),
        .next_attempt = {},
        .connects = machine_.connects(),
        .round_trip = session_ && session_->round_trip() ? session_->round_trip() : round_trip_,
        .packet_limit = limits_.packet,
        .receive_maximum = limits_.receive_maximum,
        .has_retain = limits_.has_retain,
        .refused = refused_,
    };
    if (const auto until = machine_.until(); until && state_ != State::idle) {
        report.next_attempt = environment_.clock.wall() + (*until - environment_.clock.now());
    }
    return report;
}

}  // namespace

std::unique_ptr<Client> Client::create(Environment environment, Settings settings, Listener& listener) {
    return std::make_unique<PersistentClient>(std::move(environment), std::move(settings), listener);
}

}  // namespace lamd::transport::mqtt
