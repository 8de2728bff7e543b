#include "bench/load/scenarios.h"

#include "bench/load/answer_reader.h"
#include "bench/load/event_splitter.h"

#include <fmt/format.h>

#include <stdexcept>

namespace lamd::bench::load {

namespace {

constexpr std::string_view kRequest = "GET / HTTP/1.1\r\nHost: bench\r\n\r\n";

/// Asks, waits for the answer, asks again; over the same connection or over a new one each time.
class Requests : public Connection {
public:
    Requests(Load& load, int index, bool is_kept) : Connection(load, index), is_kept_(is_kept) {}

    void start() override {
        asked_ = now();
        open();
    }

private:
    void on_open() override {
        if (is_kept_) {
            asked_ = now();
        }
        send_request(kRequest);
    }

    void on_data(std::string_view bytes, Nanoseconds time) override {
        switch (reader_.feed(bytes, body_)) {
            case AnswerReader::Progress::incomplete:
                return;
            case AnswerReader::Progress::malformed:
                return on_lost();
            case AnswerReader::Progress::complete:
                return on_answer(time);
        }
    }

    void on_lost() override {
        begin_answer();
        Connection::on_lost();
    }

    void on_answer(Nanoseconds time) {
        if (load().is_measured(time)) {
            ++load().tally().done;
            load().tally().latency.add(time - asked_);
        }
        begin_answer();
        if (is_kept_) {
            send_request(kRequest);
        } else {
            close();
            open();
        }
    }

    void begin_answer() {
        reader_.reset();
        body_.clear();
        asked_ = now();
    }

    const bool is_kept_;
    Nanoseconds asked_ = 0;
    AnswerReader reader_;
    std::string body_;
};

/// One request, then silence: an idle connection. With `is_patient`, tried until it is answered.
class OneRequest : public Connection {
public:
    OneRequest(Load& load, int index, bool is_patient) : Connection(load, index), is_patient_(is_patient) {}

    [[nodiscard]] bool is_busy(Nanoseconds) const override {
        return !is_answered_;
    }

private:
    void on_open() override {
        send_request(kRequest);
    }
    void on_data(std::string_view, Nanoseconds) override {
        load().tally().done += is_answered_ ? 0 : 1;
        is_answered_ = true;
    }
    void on_lost() override {
        if (is_patient_ && !is_answered_) {
            return Connection::on_lost();
        }
        close();
        ++load().tally().errors;
        is_answered_ = true;
    }

    const bool is_patient_;
    bool is_answered_ = false;
};

class Download : public Connection {
public:
    using Connection::Connection;

private:
    void on_open() override {
        send_request("GET /source HTTP/1.1\r\nHost: bench\r\n\r\n");
    }
    void on_data(std::string_view bytes, Nanoseconds time) override {
        load().tally().bytes += load().is_measured(time) ? bytes.size() : 0;
    }
};

/// Sends until the time is over, then waits until the server has seen the end: what lies in buffers on the way is in
/// the measured time.
class Upload : public Connection {
public:
    Upload(Load& load, int index) : Connection(load, index), block_(256 * 1024, 'u') {
        ++load.tally().errors;  // until it is answered
    }

    [[nodiscard]] bool is_busy(Nanoseconds) const override {
        return !is_over_;
    }

private:
    void on_open() override {
        send_request("POST /sink HTTP/1.1\r\nHost: bench\r\n\r\n");
        watch(EPOLLIN | EPOLLOUT);
    }
    void on_writable() override {
        if (load().is_over(now())) {
            socket().finish_sending();
            return watch(EPOLLIN);
        }
        load().tally().bytes += socket().send(block_).bytes;
    }
    void on_data(std::string_view, Nanoseconds) override {
        --load().tally().errors;
        on_lost();
    }
    void on_lost() override {
        is_over_ = true;
        close();
    }

    const std::string block_;
    bool is_over_ = false;
};

/// Reads an endless stream of stamped and numbered events.
class EventStream : public Connection {
public:
    using Connection::Connection;

private:
    void on_open() override {
        reader_.reset();
        body_.clear();
        expected_ = 0;
        send_request(fmt::format("GET /events?rate={}&size={} HTTP/1.1\r\nHost: bench\r\n\r\n", load().settings().rate,
                                 load().settings().size));
    }

    void on_data(std::string_view bytes, Nanoseconds time) override {
        if (reader_.feed(bytes, body_) != AnswerReader::Progress::incomplete) {
            return on_lost();
        }
        split_events(body_, [&](std::string_view event) { on_event(event, time); });
    }

    void on_event(std::string_view text, Nanoseconds time) {
        const Stamp stamp = read_stamp(text, "data: ");
        load().tally().wrong += stamp.number == expected_ ? 0 : 1;
        expected_ = stamp.number + 1;
        if (load().is_measured(time)) {
            ++load().tally().done;
            load().tally().bytes += text.size();
            load().tally().latency.add(time - stamp.sent);
        }
    }

    AnswerReader reader_;
    std::string body_;
    std::int64_t expected_ = 0;
};

struct Scenario {
    std::string_view name;
    std::string_view description;
    std::unique_ptr<Connection> (*make)(Load&, int index);
};

template <class Kind, auto... arguments>
std::unique_ptr<Connection> make(Load& load, int index) {
    return std::make_unique<Kind>(load, index, arguments...);
}

constexpr Scenario kScenarios[] = {
    {"kept", "requests one after the other on kept connections", make<Requests, true>},
    {"fresh", "the same, a new connection for each", make<Requests, false>},
    {"events", "streams of stamped events", make<EventStream>},
    {"down", "bulk from the server", make<Download>},
    {"up", "bulk to the server", make<Upload>},
    {"idle", "one request on each connection, then silence", make<OneRequest, false>},
    {"probe", "try until a first request is answered", make<OneRequest, true>},
    {"chat", "streamed chat answers (POST /v1/chat/completions)", make_chat},
};

}  // namespace

std::vector<std::unique_ptr<Connection>> make_scenario(std::string_view name, Load& load) {
    for (const Scenario& scenario : kScenarios) {
        if (scenario.name == name) {
            std::vector<std::unique_ptr<Connection>> connections;
            connections.reserve(static_cast<std::size_t>(load.settings().connections));
            for (int index = 0; index < load.settings().connections; ++index) {
                connections.push_back(scenario.make(load, index));
            }
            return connections;
        }
    }
    throw std::invalid_argument("no scenario is called " + std::string(name));
}

std::string describe_scenarios() {
    std::string text;
    for (const Scenario& scenario : kScenarios) {
        text += fmt::format("  {:7} {}\n", scenario.name, scenario.description);
    }
    return text;
}

}  // namespace lamd::bench::load
