// Streamed chat answers, as a web backend asks for them: over a kept connection, one after the other. Starts are spread
// and pauses vary, so that many streams run side by side without their requests arriving in one burst.
#include "bench/load/answer_reader.h"
#include "bench/load/event_splitter.h"
#include "bench/load/scenarios.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

namespace lamd::bench::load {

namespace {

constexpr Nanoseconds kLongestPause = 20 * kMillisecond;
constexpr Nanoseconds kBetweenStarts = kMillisecond / 10;  ///< at least: a crowd comes in turns, not at once

std::string chat_request(const Settings& settings) {
    const std::string body = fmt::format(
        R"({{"model":"bench","stream":true,"max_tokens":{},"bench_rate":{},"bench_size":{},)"
        R"("messages":[{{"role":"system","content":"You are a benchmark."}},{{"role":"user","content":"Hello!"}}]}})",
        settings.tokens, settings.rate, settings.size);
    return fmt::format(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
        "Accept: text/event-stream\r\nContent-Length: {}\r\n\r\n{}",
        body.size(), body);
}

class Chat : public Connection {
public:
    Chat(Load& load, int index)
        : Connection(load, index), request_(chat_request(load.settings())), random_(static_cast<unsigned>(index)) {}

    void start() override {
        const Nanoseconds step = std::max(kLongestPause / load().settings().connections, kBetweenStarts);
        load().after(step * index(), [this] { open(); });
    }

private:
    void on_open() override {
        ask();
    }

    void ask() {
        reader_.reset();
        body_.clear();
        events_ = 0;
        is_done_ = false;
        is_pausing_ = false;
        previous_ = now();
        send_request(request_);
    }

    void on_data(std::string_view bytes, Nanoseconds time) override {
        const auto progress = reader_.feed(bytes, body_);
        split_events(body_, [&](std::string_view event) { on_event(event, time); });
        switch (progress) {
            case AnswerReader::Progress::incomplete:
                return;
            case AnswerReader::Progress::malformed:
                return on_lost();
            case AnswerReader::Progress::complete:
                return on_answer();
        }
    }

    void on_event(std::string_view text, Nanoseconds time) {
        if (text == "data: [DONE]") {
            is_done_ = true;
            return;
        }
        const Stamp stamp = read_stamp(text, R"("content":")");
        if (stamp.number < 0) {
            return;
        }
        Tally& tally = load().tally();
        tally.wrong += stamp.number == events_ ? 0 : 1;
        if (load().is_measured(time)) {
            ++tally.done;
            tally.bytes += text.size();
            tally.latency.add(time - stamp.sent);
            (events_ == 0 ? tally.first : tally.gap).add(time - previous_);
        }
        previous_ = time;
        ++events_;
    }

    void on_answer() {
        load().tally().errors += reader_.status() == 200 ? 0 : 1;
        load().tally().wrong += is_done_ && events_ == load().settings().tokens ? 0 : 1;
        const auto pause = std::uniform_int_distribution<Nanoseconds>(0, kLongestPause)(random_);
        is_pausing_ = true;
        load().after(load().settings().rate > 0 ? pause : 0, [this] {
            if (is_pausing_) {
                ask();
            }
        });
    }

    void on_lost() override {
        is_pausing_ = false;
        Connection::on_lost();
    }

    const std::string request_;
    std::minstd_rand random_;
    AnswerReader reader_;
    std::string body_;
    std::int64_t events_ = 0;
    bool is_done_ = false;
    bool is_pausing_ = false;
    Nanoseconds previous_ = 0;
};

}  // namespace

std::unique_ptr<Connection> make_chat(Load& load, int index) {
    return std::make_unique<Chat>(load, index);
}

}  // namespace lamd::bench::load
