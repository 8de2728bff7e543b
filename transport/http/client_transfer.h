// One request and its answer: collects what curl delivers and keeps the deadlines.
#pragma once

#include "transport/http/client.h"
#include "transport/http/client_easy.h"
#include "transport/http/client_loop.h"
#include "transport/http/client_sending.h"

#include <array>
#include <memory>
#include <optional>
#include <string>

namespace lamd::transport::http {

class Transfer final : public Exchange, private CurlUser {
public:
    Transfer(std::shared_ptr<CurlLoop> loop, ClientRequest request);
    ~Transfer() override;
    Transfer(const Transfer&) = delete;
    Transfer& operator=(const Transfer&) = delete;

    [[nodiscard]] asio::awaitable<Outcome<Head>> head() override;
    [[nodiscard]] asio::awaitable<Outcome<std::optional<std::string>>> read() override;
    [[nodiscard]] bool is_readable() const override {
        return !unread_.empty();
    }
    [[nodiscard]] bool is_over() const override {
        return phase_ == Phase::ended && !failure_ && unread_.empty();
    }
    void hurry(Duration limit) override;
    void expect(Duration first, Duration between) override;
    void until(Instant due) override;
    void abort(std::string_view why) override;

private:
    enum class Phase { connecting, waiting, receiving, ended };

    void finished(CURLcode code) override;
    void left_socket(curl_socket_t socket) override;

    void begin();
    void set_callbacks();
    static int on_request(void* self, char*, char*, int, int);
    static std::size_t on_header(char* bytes, std::size_t size, std::size_t count, void* self);
    static std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* self);
    [[nodiscard]] bool take_header(std::string_view line);
    void take_field(std::string_view line);

    [[nodiscard]] asio::awaitable<void> wait();
    [[nodiscard]] Failure failure(FailureKind kind, std::string_view what) const;
    void end(std::optional<Failure> failure);

    [[nodiscard]] std::optional<Instant> due() const;
    void watch_deadline();
    void timer_rang();
    [[nodiscard]] std::string overdue(Instant now) const;

    std::shared_ptr<CurlLoop> loop_;  // shared with the client
    ClientRequest request_;
    Easy easy_;
    Sending sending_;
    std::array<char, CURL_ERROR_SIZE> error_text_{};

    Head head_;
    std::size_t head_bytes_ = 0;
    bool has_head_ = false;
    bool is_paused_ = false;
    std::string unread_;
    std::optional<Failure> failure_;
    Event changed_;

    Phase phase_ = Phase::connecting;
    Instant started_;
    Instant last_byte_;
    std::optional<Instant> total_due_;
    std::optional<Instant> until_;
    Instant timer_due_ = Instant::max();
    asio::steady_timer timer_;
    std::shared_ptr<void> alive_;  // shared with the timer's handler, which may be queued when this is destroyed
};

}  // namespace lamd::transport::http
