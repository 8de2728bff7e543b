#include "bench/load/session.h"

#include "bench/load/answers.h"
#include "bench/load/head.h"

#include <optional>
#include <utility>

namespace lamd::bench::load {

namespace {

constexpr int kReadsPerTurn = 8;

/// Takes the first whole request out of `received`. A body without a length is left to the answer.
std::optional<Request> next_request(std::string& received) {
    const auto end = received.find("\r\n\r\n");
    if (end == std::string::npos) {
        return std::nullopt;
    }
    const Head head{.text = std::string_view(received).substr(0, end + 2)};
    const std::size_t length = head.content_length().value_or(0);
    if (received.size() < end + 4 + length) {
        return std::nullopt;
    }
    Request request{
        .head = std::string(head.text), .target = std::string(head.word(1)), .body = received.substr(end + 4, length)};
    received.erase(0, end + 4 + length);
    return request;
}

}  // namespace

void Answer::take(Session& session, std::string_view, bool is_end) {
    if (is_end) {
        session.finish(false);
    }
}

Session::Session(Poller& poller, Pacer& pacer, Socket socket, std::function<void()> on_end)
    : poller_(poller), pacer_(pacer), socket_(std::move(socket)), on_end_(std::move(on_end)), watched_(EPOLLIN) {
    poller_.add(socket_.fd(), watched_, *this);
}

Session::~Session() {
    poller_.remove(socket_.fd(), *this);
}

void Session::on_ready(std::uint32_t events) {
    if ((events & EPOLLOUT) != 0) {
        write();
    }
    if ((events & ~std::uint32_t{EPOLLOUT}) != 0 && !is_ended_) {
        read();
    }
    if (is_ended_) {
        return on_end_();
    }
    watch();
}

void Session::read() {
    static char buffer[256 * 1024];
    for (int turn = 0; turn < kReadsPerTurn && !is_ended_; ++turn) {
        const auto [bytes, is_closed] = socket_.receive(buffer);
        if (is_closed && answer() != nullptr) {
            return answer()->take(*this, {}, true);
        }
        is_ended_ = is_ended_ || is_closed;
        if (bytes == 0) {
            return;
        }
        take(std::string_view(buffer, bytes));
    }
}

void Session::take(std::string_view bytes) {
    if (answer() != nullptr) {
        return answer()->take(*this, bytes, false);
    }
    received_ += bytes;
    answer_requests();
}

void Session::answer_requests() {
    while (answer() == nullptr && !is_ended_) {
        const auto request = next_request(received_);
        if (!request) {
            return;
        }
        answer_ = make_answer(*request);
        if (!received_.empty()) {
            answer_->take(*this, std::exchange(received_, {}), false);
        }
        answer_->go_on(*this);
    }
}

void Session::write() {
    wants_write_ = false;
    if (!unsent_.empty()) {
        const auto [bytes, is_closed] = socket_.send(unsent_);
        unsent_.erase(0, bytes);
        is_ended_ = is_ended_ || is_closed;
    }
    if (unsent_.empty() && answer() != nullptr && !is_ended_) {
        answer()->go_on(*this);
        answer_requests();
    }
}

void Session::send(std::string_view bytes) {
    if (unsent_.empty()) {
        const auto sent = socket_.send(bytes);
        bytes.remove_prefix(sent.bytes);
        is_ended_ = is_ended_ || sent.is_closed;
    }
    if (!bytes.empty() && !is_ended_) {
        unsent_ += bytes;
        watch();
    }
}

std::size_t Session::send_some(std::string_view bytes) {
    const auto sent = socket_.send(bytes);
    is_ended_ = is_ended_ || sent.is_closed;
    wants_write_ = true;
    return sent.bytes;
}

void Session::finish(bool is_kept) {
    is_answered_ = true;
    is_ended_ = is_ended_ || !is_kept;
}

/// The answer under way; one that has finished meanwhile is dropped here, where none of its code runs.
Answer* Session::answer() {
    if (is_answered_) {
        is_answered_ = false;
        answer_.reset();
    }
    return answer_.get();
}

void Session::watch() {
    const std::uint32_t wanted = EPOLLIN | (wants_write_ || !unsent_.empty() ? EPOLLOUT : 0U);
    if (wanted != watched_) {
        watched_ = wanted;
        poller_.change(socket_.fd(), wanted, *this);
    }
}

}  // namespace lamd::bench::load
