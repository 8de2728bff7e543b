// Answers that are event streams: each event carries the time at which it was sent and its number.
#include "bench/load/answers.h"
#include "bench/load/head.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace lamd::bench::load {

namespace {

/// A stream with a rate. An event that is due while earlier bytes have not left waits for the next turn.
class PacedAnswer : public Answer, public Paced {
public:
    explicit PacedAnswer(int rate) : period_(rate > 0 ? kSecond / rate : 0) {}
    ~PacedAnswer() override {
        if (ticket_) {
            pacer_->cancel(*ticket_);
        }
    }

    void on_due(Nanoseconds due) final {
        ticket_.reset();
        if (session_->is_sending()) {
            return schedule(due + period_);
        }
        if (send_event(*session_)) {
            schedule(due + period_);
        }
    }

protected:
    /// Whether there is a next one.
    virtual bool send_event(Session& session) = 0;

    void begin(Session& session, Nanoseconds first) {
        session_ = &session;
        pacer_ = &session.pacer();
        schedule(first);
    }
    [[nodiscard]] Nanoseconds period() const {
        return period_;
    }

private:
    void schedule(Nanoseconds due) {
        ticket_ = pacer_->schedule(due, *this);
    }

    const Nanoseconds period_;
    Session* session_ = nullptr;
    Pacer* pacer_ = nullptr;
    std::optional<Pacer::Ticket> ticket_;
};

class Events : public PacedAnswer {
public:
    Events(int rate, int size) : PacedAnswer(std::max(rate, 1)), size_(static_cast<std::size_t>(size)) {}

    void go_on(Session& session) override {
        if (has_begun_) {
            return;
        }
        has_begun_ = true;
        session.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n");
        begin(session, now() + next_phase());
    }

private:
    /// Streams that begin together are spread over the period, as independent answers would be.
    Nanoseconds next_phase() const {
        static int turn = 0;
        constexpr int kPhases = 64;
        return period() * (turn++ % kPhases) / kPhases;
    }

    bool send_event(Session& session) override {
        std::string event = fmt::format("data: {} {} ", now(), number_++);
        event.resize(std::max(event.size(), size_ - 2), '.');
        session.send(event + "\n\n");
        return true;
    }

    const std::size_t size_;
    bool has_begun_ = false;
    std::int64_t number_ = 0;
};

std::string chunk(std::string_view bytes) {
    return fmt::format("{:x}\r\n{}\r\n", bytes.size(), bytes);
}

std::string chat_event(std::string_view finish_reason, std::string_view delta) {
    return chunk(fmt::format(
        "data: {{\"choices\":[{{\"finish_reason\":{},\"index\":0,\"delta\":{{{}}}}}],\"created\":1700000000,"
        "\"id\":\"chatcmpl-Yk0d5mUuvQ8s0bencHbenchHbenchHbe\",\"model\":\"bench\","
        "\"system_fingerprint\":\"bench\",\"object\":\"chat.completion.chunk\"}}\n\n",
        finish_reason, delta));
}

class ChatAnswer : public PacedAnswer {
public:
    ChatAnswer(int rate, int tokens, int size)
        : PacedAnswer(rate), tokens_(tokens), size_(static_cast<std::size_t>(size)) {}

    void go_on(Session& session) override {
        if (number_ == 0) {
            const bool has_more = send_event(session);
            if (has_more && period() > 0) {
                return begin(session, now() + period());
            }
        }
        while (period() == 0 && number_ < tokens_ && !session.is_sending()) {
            send_event(session);
        }
    }

private:
    bool send_event(Session& session) override {
        std::string text;
        if (number_ == 0) {
            text = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
        }
        text += chat_event("null", fmt::format(R"("content":"{}")", content()));
        if (++number_ == tokens_) {
            text += chat_event(R"("stop")", "") + chunk("data: [DONE]\n\n") + "0\r\n\r\n";
            session.finish();
        }
        session.send(text);
        return number_ < tokens_;
    }

    /// The stamp; in an event that is to be long, with dots behind it.
    [[nodiscard]] std::string content() const {
        std::string content = fmt::format("{} {} ", now(), number_);
        content.resize(std::max(content.size(), size_ - std::min(size_, kAroundContent)), '.');
        return content;
    }

    static constexpr std::size_t kAroundContent = 223;  ///< bytes of an event without its content
    const int tokens_;
    const std::size_t size_;
    int number_ = 0;
};

}  // namespace

std::unique_ptr<Answer> make_events(const Request& request) {
    return std::make_unique<Events>(number_after(request.target, "rate=", 50),
                                    number_after(request.target, "size=", 200));
}

std::unique_ptr<Answer> make_chat_answer(const Request& request) {
    return std::make_unique<ChatAnswer>(number_after(request.body, "\"bench_rate\":", 50),
                                        number_after(request.body, "\"max_tokens\":", 10),
                                        number_after(request.body, "\"bench_size\":", 0));
}

}  // namespace lamd::bench::load
