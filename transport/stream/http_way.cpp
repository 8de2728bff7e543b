#include "transport/stream/http_way.h"

#include "transport/stream/sse_form.h"

#include <fmt/format.h>

#include <utility>

namespace lamd::transport::stream {

namespace {

constexpr ByteCount kFetchLimit = 4_MiB;
constexpr ByteCount kErrorLimit = 64_KiB;
constexpr std::string_view kStreams = "/lam/v1/streams/";

std::string stream_path(std::string_view id) {
    return std::string(kStreams).append(id);
}

bool is_from_worker(const http::Head& head) {
    return find(head.fields, "Lam-Worker").has_value();
}

}  // namespace

// An exchange that abandon() finds.
class HttpWay::Tracked {
public:
    Tracked(std::list<http::Exchange*>& live, std::unique_ptr<http::Exchange> exchange)
        : live_(live), exchange_(std::move(exchange)), place_(live_.end()) {}
    Tracked(const Tracked&) = delete;
    Tracked& operator=(const Tracked&) = delete;
    ~Tracked() {
        leave();
    }

    void enter() {
        if (place_ == live_.end()) {
            place_ = live_.insert(live_.end(), exchange_.get());
        }
    }
    void leave() {
        if (place_ != live_.end()) {
            live_.erase(std::exchange(place_, live_.end()));
        }
    }
    [[nodiscard]] http::Exchange& exchange() {
        return *exchange_;
    }
    [[nodiscard]] std::unique_ptr<http::Exchange> release() {
        leave();
        return std::move(exchange_);
    }

private:
    std::list<http::Exchange*>& live_;
    std::unique_ptr<http::Exchange> exchange_;
    std::list<http::Exchange*>::iterator place_;
};

namespace {

/// The body of an answer whose head has come.
template <class Exchange>
class HttpLink final : public Link {
public:
    explicit HttpLink(std::unique_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}

    [[nodiscard]] asio::awaitable<http::Outcome<std::vector<Message>>> next() override {
        for (;;) {
            auto bytes = co_await exchange_->exchange().read();
            if (!bytes) {
                co_return bytes.error();
            }
            if (!*bytes) {
                co_return http::Failure{http::FailureKind::closed, "the worker ended the connection within the stream"};
            }
            auto messages = decoder_.feed(std::move(**bytes));
            if (!messages) {
                co_return http::Failure{http::FailureKind::protocol, messages.error().message};
            }
            if (!messages->empty()) {
                co_return std::move(*messages);
            }
        }
    }

private:
    std::unique_ptr<Exchange> exchange_;
    SseDecoder decoder_;
};

}  // namespace

std::optional<http::Failure> HttpWay::leads_nowhere() const {
    return base_.empty() ? std::optional(http::Failure{http::FailureKind::refused, label_ + " is not there"})
                         : std::nullopt;
}

http::ClientRequest HttpWay::request(std::string method, std::string path) const {
    http::ClientRequest request;
    request.method = std::move(method);
    request.base = base_;
    request.path = std::move(path);
    request.deadlines.connect = connect_;
    return request;
}

asio::awaitable<http::Outcome<Opened>> HttpWay::open(const Opening& opening) {
    if (auto nowhere = leads_nowhere()) {
        co_return *nowhere;
    }
    auto wanted = request("POST", opening.path);
    wanted.fields = {{"Content-Type", opening.content_type}, {"Lam-Stream", opening.id}};
    wanted.fields.insert(wanted.fields.end(), opening.fields.begin(), opening.fields.end());
    wanted.body = opening.body;
    wanted.bearer = opening.bearer;
    wanted.deadlines = opening.deadlines;
    const bool was_worker = has_worker_.value_or(false);
    wanted.is_alone = opening.is_alone && !was_worker;
    if (was_worker) {
        wanted.deadlines.first = kSilence;
    }
    auto exchange = std::make_unique<Tracked>(live_, client_.start(std::move(wanted)));
    if (was_worker) {
        exchange->enter();
    }
    auto head = co_await exchange->exchange().head();
    if (!head) {
        co_return head.error();
    }
    has_worker_ = is_from_worker(*head);
    if (!*has_worker_) {
        Plain plain{exchange->release(), std::move(*head)};
        if (was_worker) {
            plain.exchange->expect(opening.deadlines.first, opening.deadlines.between);
        }
        co_return Opened(std::move(plain));
    }
    auto made = co_await link(std::move(exchange), std::move(*head));
    if (!made) {
        co_return made.error();
    }
    co_return Opened(std::move(*made));
}

asio::awaitable<http::Outcome<std::unique_ptr<Link>>> HttpWay::resume(std::string id, std::uint64_t seq) {
    if (auto nowhere = leads_nowhere()) {
        co_return *nowhere;
    }
    auto wanted = request("GET", stream_path(id));
    if (seq > 0) {
        wanted.fields.push_back({"Last-Event-ID", std::to_string(seq - 1)});
    }
    wanted.deadlines.first = kSilence;
    auto exchange = std::make_unique<Tracked>(live_, client_.start(std::move(wanted)));
    exchange->enter();
    auto head = co_await exchange->exchange().head();
    if (!head) {
        co_return head.error();
    }
    if (!is_from_worker(*head)) {
        co_return http::Failure{http::FailureKind::protocol, fmt::format("no worker answers at {} any more", base_)};
    }
    co_return co_await link(std::move(exchange), std::move(*head));
}

asio::awaitable<http::Outcome<std::unique_ptr<Link>>> HttpWay::link(std::unique_ptr<Tracked> exchange,
                                                                    http::Head head) {
    exchange->enter();
    exchange->exchange().expect(kSilence, kSilence);
    if (head.status == 200) {
        co_return std::unique_ptr<Link>(std::make_unique<HttpLink<Tracked>>(std::move(exchange)));
    }
    std::string body;
    for (;;) {
        auto bytes = co_await exchange->exchange().read();
        if (!bytes) {
            co_return bytes.error();
        }
        if (!*bytes || body.size() > kErrorLimit.bytes) {
            break;
        }
        body += **bytes;
    }
    Fail fail;
    fail.status = head.status;
    fail.error = std::move(body);
    fail.retry_after = std::string(find(head.fields, "Retry-After").value_or(""));
    fail.may_have_run = false;
    co_return std::unique_ptr<Link>(std::make_unique<ToldLink>(std::move(fail)));
}

asio::awaitable<http::Outcome<void>> HttpWay::cancel(std::string id) {
    if (auto nowhere = leads_nowhere()) {
        co_return *nowhere;
    }
    auto wanted = request("DELETE", stream_path(id));
    wanted.deadlines.total = std::chrono::seconds(5);
    auto outcome = co_await http::fetch(client_, std::move(wanted), kFetchLimit);
    if (!outcome) {
        co_return outcome.error();
    }
    co_return http::Outcome<void>();
}

asio::awaitable<http::Outcome<http::Response>> HttpWay::fetch(std::string path, Secret bearer, Duration limit) {
    return ask(request("GET", std::move(path)), std::move(bearer), limit);
}

asio::awaitable<http::Outcome<http::Response>> HttpWay::post(std::string path, std::string body, Secret bearer,
                                                             Duration limit) {
    auto wanted = request("POST", std::move(path));
    wanted.fields = {{"Content-Type", "application/json"}};
    wanted.body = std::move(body);
    return ask(std::move(wanted), std::move(bearer), limit);
}

asio::awaitable<http::Outcome<http::Response>> HttpWay::ask(http::ClientRequest wanted, Secret bearer, Duration limit) {
    if (auto nowhere = leads_nowhere()) {
        co_return *nowhere;
    }
    wanted.bearer = std::move(bearer);
    wanted.deadlines.connect = std::min(limit, connect_);
    wanted.deadlines.total = limit;
    auto outcome = co_await http::fetch(client_, std::move(wanted), kFetchLimit);
    if (outcome) {
        has_worker_ = find(outcome->fields, "Lam-Worker").has_value();
    }
    co_return outcome;
}

// Ending an exchange wakes who waits for it, later; none goes out of the list meanwhile.
void HttpWay::abandon(std::string_view why) {
    for (auto* exchange : live_) {
        exchange->abort(why);
    }
}

}  // namespace lamd::transport::stream
