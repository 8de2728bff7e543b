#include "transport/http/client_transfer.h"

#include "transport/http/client_failure.h"
#include "transport/http/client_library.h"

#include <fmt/format.h>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace lamd::transport::http {

namespace {

constexpr std::size_t kUnreadLimit = 256 * 1024;
constexpr std::size_t kHeadLimit = 64 * 1024;

bool is_safe(std::string_view method) {
    return method == "GET" || method == "HEAD" || method == "OPTIONS";
}

std::string_view trim(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

}  // namespace

Transfer::Transfer(std::shared_ptr<CurlLoop> loop, ClientRequest request)
    : loop_(std::move(loop)),
      request_(std::move(request)),
      easy_(make_easy(request_).value_or(Easy{})),
      sending_(easy_.handle.get(), is_safe(request_.method)),
      changed_(loop_->executor()),
      started_(std::chrono::steady_clock::now()),
      last_byte_(started_),
      timer_(loop_->executor()),
      alive_(std::make_shared<char>()) {
    if (request_.deadlines.total > Duration::zero()) {
        total_due_ = started_ + request_.deadlines.total;
    }
    begin();
}

Transfer::~Transfer() {
    if (easy_.handle) {
        loop_->remove(easy_.handle.get());
    }
}

void Transfer::begin() {
    if (!easy_.handle) {
        end(failure(FailureKind::local, "not a request that can be sent: malformed address or fields"));
        return;
    }
    set_callbacks();
    if (!loop_->add(easy_.handle.get())) {
        end(failure(FailureKind::local, "out of memory for a request"));
        return;
    }
    watch_deadline();
}

void Transfer::set_callbacks() {
    CURL* const easy = easy_.handle.get();
    curl().easy_setopt(easy, CURLOPT_PRIVATE, static_cast<CurlUser*>(this));
    curl().easy_setopt(easy, CURLOPT_ERRORBUFFER, error_text_.data());
    curl().easy_setopt(easy, CURLOPT_PREREQFUNCTION, &Transfer::on_request);
    curl().easy_setopt(easy, CURLOPT_PREREQDATA, this);
    curl().easy_setopt(easy, CURLOPT_HEADERFUNCTION, &Transfer::on_header);
    curl().easy_setopt(easy, CURLOPT_HEADERDATA, this);
    curl().easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Transfer::on_body);
    curl().easy_setopt(easy, CURLOPT_WRITEDATA, this);
}

asio::awaitable<Outcome<Head>> Transfer::head() {
    while (!has_head_ && phase_ != Phase::ended) {
        co_await wait();
    }
    if (has_head_) {
        co_return head_;
    }
    co_return *failure_;
}

asio::awaitable<Outcome<std::optional<std::string>>> Transfer::read() {
    while (unread_.empty() && phase_ != Phase::ended) {
        co_await wait();
    }
    if (unread_.empty()) {
        if (failure_) {
            co_return *failure_;
        }
        co_return std::nullopt;
    }
    std::string bytes = std::exchange(unread_, {});
    if (is_paused_ && phase_ != Phase::ended) {
        is_paused_ = false;
        last_byte_ = std::chrono::steady_clock::now();
        watch_deadline();
        curl().easy_pause(easy_.handle.get(), CURLPAUSE_CONT);
    }
    co_return std::optional<std::string>(std::move(bytes));
}

asio::awaitable<void> Transfer::wait() {
    changed_.clear();
    co_await changed_.wait();
    const auto state = co_await asio::this_coro::cancellation_state;  // an awaited function would throw when cancelled
    if (state.cancelled() != asio::cancellation_type::none) {
        end(failure(FailureKind::local, "cancelled"));
    }
}

void Transfer::hurry(Duration limit) {
    const Instant due = std::chrono::steady_clock::now() + limit;
    total_due_ = total_due_ ? std::min(*total_due_, due) : due;
    watch_deadline();
}

void Transfer::expect(Duration first, Duration between) {
    const auto now = std::chrono::steady_clock::now();
    request_.deadlines.first = now - started_ + first;
    request_.deadlines.between = between;
    watch_deadline();
}

void Transfer::until(Instant due) {
    until_ = due;
    watch_deadline();
}

void Transfer::abort(std::string_view why) {
    end(failure(FailureKind::local, why));
}

void Transfer::finished(CURLcode code) {
    if (phase_ == Phase::ended) {
        return;
    }
    if (code == CURLE_OK && has_head_) {
        end(std::nullopt);
        return;
    }
    std::string_view text = error_text_.front() != '\0' ? error_text_.data() : curl().easy_strerror(code);
    FailureKind kind = code == CURLE_OK ? FailureKind::protocol : failure_kind(code);
    if (kind == FailureKind::refused && sending_.may_be_received()) {
        kind = FailureKind::closed;  // the kept connection ended, then a new one was refused
    }
    if (code == CURLE_ABORTED_BY_CALLBACK) {
        text = "the connection ended before an answer came";
    }
    auto why = failure(kind, text);
    long os_error = 0;
    curl().easy_getinfo(easy_.handle.get(), CURLINFO_OS_ERRNO, &os_error);
    if (kind == FailureKind::refused && os_error != 0 && os_error != ECONNREFUSED && os_error != ENOENT) {
        why.layer = Layer::network;
    }
    end(std::move(why));
}

Failure Transfer::failure(FailureKind kind, std::string_view what) const {
    return Failure{kind, fmt::format("{} {}{}: {}", request_.method, request_.base, request_.path, what),
                   head_bytes_ > 0 || sending_.may_be_received()};
}

void Transfer::end(std::optional<Failure> failure) {
    if (phase_ == Phase::ended) {
        return;
    }
    phase_ = Phase::ended;
    failure_ = std::move(failure);
    timer_.cancel();
    if (easy_.handle) {
        loop_->remove(easy_.handle.get());
    }
    changed_.set();
}

void Transfer::left_socket(curl_socket_t socket) {
    if (head_bytes_ == 0 && sending_.has_begun()) {
        sending_.left(socket);
    }
}

int Transfer::on_request(void* self, char*, char*, int, int) {
    auto& transfer = *static_cast<Transfer*>(self);
    if (!transfer.sending_.begin()) {
        return CURL_PREREQFUNC_ABORT;
    }
    transfer.phase_ = Phase::waiting;
    transfer.watch_deadline();
    return CURL_PREREQFUNC_OK;
}

std::size_t Transfer::on_header(char* bytes, std::size_t size, std::size_t count, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    const std::string_view line(bytes, size * count);
    return transfer.take_header(line) ? line.size() : 0;
}

// Interim answers (RFC 9110, 15.2) are passed over; trailers come after the head and are, too.
bool Transfer::take_header(std::string_view line) {
    head_bytes_ += line.size();
    if (has_head_ || head_bytes_ > kHeadLimit) {
        return has_head_;
    }
    if (line.starts_with("HTTP/")) {
        head_ = Head{};
    } else if (!trim(line).empty()) {
        take_field(line);
    } else {
        long status = 0;
        curl().easy_getinfo(easy_.handle.get(), CURLINFO_RESPONSE_CODE, &status);
        head_.status = static_cast<unsigned>(status);
        has_head_ = status >= 200;
    }
    if (has_head_) {
        changed_.set();
    }
    return true;
}

void Transfer::take_field(std::string_view line) {
    if (const auto colon = line.find(':'); colon != std::string_view::npos) {
        head_.fields.push_back({std::string(line.substr(0, colon)), std::string(trim(line.substr(colon + 1)))});
    }
}

std::size_t Transfer::on_body(char* bytes, std::size_t size, std::size_t count, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    if (transfer.unread_.size() >= kUnreadLimit) {
        transfer.is_paused_ = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    transfer.unread_.append(bytes, size * count);
    transfer.last_byte_ = std::chrono::steady_clock::now();
    if (transfer.phase_ == Phase::waiting) {
        transfer.phase_ = Phase::receiving;
        transfer.watch_deadline();
    }
    transfer.changed_.set();
    return size * count;
}

// While nobody reads what has arrived, silence is not the server's.
std::optional<Instant> Transfer::due() const {
    std::optional<Instant> due = total_due_;
    const auto limit = [&due](Instant from, Duration within) {
        if (within > Duration::zero()) {
            due = due ? std::min(*due, from + within) : from + within;
        }
    };
    if (until_ && (phase_ == Phase::waiting || phase_ == Phase::receiving)) {
        const bool is_awaited = !is_paused_ && unread_.empty();
        return is_awaited ? std::min(due.value_or(Instant::max()), *until_) : due;
    }
    switch (phase_) {
        case Phase::connecting:
            limit(started_, request_.deadlines.connect);
            break;
        case Phase::waiting:
            limit(started_, request_.deadlines.first);
            break;
        case Phase::receiving:
            if (!is_paused_) {
                limit(last_byte_, request_.deadlines.between);
            }
            break;
        case Phase::ended:
            return std::nullopt;
    }
    return due;
}

// The timer is set anew only when it would ring too late; when it rings too early, it is set again. So bytes that
// arrive do not touch it.
void Transfer::watch_deadline() {
    const auto next = due();
    if (!next || *next >= timer_due_) {
        return;
    }
    timer_due_ = *next;
    timer_.expires_at(*next);
    timer_.async_wait([this, alive = std::weak_ptr<void>(alive_)](boost::system::error_code error) {
        if (!error && !alive.expired()) {
            timer_rang();
        }
    });
}

void Transfer::timer_rang() {
    timer_due_ = Instant::max();
    const auto now = std::chrono::steady_clock::now();
    const auto next = due();
    if (next && *next <= now) {
        end(failure(FailureKind::timeout, overdue(now)));
        return;
    }
    watch_deadline();
}

std::string Transfer::overdue(Instant now) const {
    if (total_due_ && *total_due_ <= now) {
        return fmt::format("the answer was not complete within {}", human(now - started_));
    }
    switch (phase_) {
        case Phase::connecting:
            return fmt::format("no connection within {}", human(now - started_));
        case Phase::waiting:
            return fmt::format("no answer within {}", human(now - started_));
        case Phase::receiving:
        case Phase::ended:
            break;
    }
    return fmt::format("nothing more of the answer for {}", human(now - last_byte_));
}

}  // namespace lamd::transport::http
