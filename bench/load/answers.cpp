#include "bench/load/answers.h"

#include <fmt/format.h>

namespace lamd::bench::load {

namespace {

class Text : public Answer {
public:
    Text(int status, std::string_view type, std::string_view body)
        : message_(fmt::format("HTTP/1.1 {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n{}",
                               status == 200 ? "200 OK" : "404 Not Found", type, body.size(), body)) {}

    void go_on(Session& session) override {
        session.send(message_);
        session.finish();
    }

private:
    const std::string message_;
};

class Source : public Answer {
public:
    void go_on(Session& session) override {
        static const std::string block(256 * 1024, 's');
        if (!has_begun_) {
            has_begun_ = true;
            session.send("HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n\r\n");
        }
        for (int turn = 0; turn < kBlocksPerTurn && session.send_some(block) == block.size(); ++turn) {
        }
    }

private:
    static constexpr int kBlocksPerTurn = 8;
    bool has_begun_ = false;
};

/// Takes everything up to the end of the caller's side, and only then answers: with how much it was.
class Sink : public Answer {
public:
    void go_on(Session&) override {}

    void take(Session& session, std::string_view bytes, bool is_end) override {
        count_ += bytes.size();
        if (is_end) {
            session.send(fmt::format("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}\n", count_));
            session.finish(false);
        }
    }

private:
    std::size_t count_ = 0;
};

constexpr std::string_view kModels =
    R"({"object":"list","data":[{"id":"bench","object":"model","created":0,"owned_by":"bench"}]})";

}  // namespace

std::unique_ptr<Answer> make_answer(const Request& request) {
    const std::string_view target = request.target;
    const std::string_view path = target.substr(0, target.find('?'));
    if (path == "/") {
        return std::make_unique<Text>(200, "text/plain", "ok");
    }
    if (path == "/source") {
        return std::make_unique<Source>();
    }
    if (path == "/sink") {
        return std::make_unique<Sink>();
    }
    if (path == "/events") {
        return make_events(request);
    }
    if (path == "/v1/chat/completions") {
        return make_chat_answer(request);
    }
    if (path == "/v1/models") {
        return std::make_unique<Text>(200, "application/json", kModels);
    }
    if (path == "/health") {
        return std::make_unique<Text>(200, "application/json", R"({"status":"ok"})");
    }
    return std::make_unique<Text>(404, "application/json", R"({"error":{"message":"not found","code":404}})");
}

}  // namespace lamd::bench::load
