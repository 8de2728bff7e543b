#include "transport/http/server_connection.h"

#include "api/error.h"
#include "base/uuid.h"
#include "transport/http/server_peer.h"
#include "transport/http/server_responder.h"
#include "transport/http/server_response.h"

#include <fmt/format.h>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <utility>

namespace lamd::transport::http {

namespace {

using namespace std::chrono_literals;
using boost::system::error_code;

constexpr Duration kWritePatience = 60s;  ///< without the caller reading a single byte
constexpr Duration kLinger = 2s;
constexpr Duration kLastPatience = 1s;  ///< for each part of a request that is on its way when the server stops
constexpr int kReadsPerTurn = 4;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

void consume(std::array<asio::const_buffer, 3>& buffers, std::size_t count) {
    for (auto& buffer : buffers) {
        const auto part = std::min(count, buffer.size());
        buffer += part;
        count -= part;
    }
}

}  // namespace

Connection::Connection(std::shared_ptr<ServerShared> shared, Socket socket)
    : shared_(std::move(shared)), socket_(std::move(socket)), peer_(peer_of(socket_.native_handle())) {
    enter(Phase::idle);
}

Connection::~Connection() {
    hold_body(0);
}

asio::awaitable<void> Connection::run() {
    watch_departure();
    for (bool goes_on = true; goes_on;) {
        goes_on = co_await serve();
    }
}

asio::awaitable<void> Connection::turn_away() {
    co_await refuse({503, fmt::format("lamd serves {} connections at once and has them all (socket.connections).",
                                      shared_->limits.connections)});
}

void Connection::cancel() {
    signal_.emit(asio::cancellation_type::terminal);
}

void Connection::close() {
    error_code ignored;
    socket_.close(ignored);
    shared_->departed -= std::exchange(is_departed_, false) ? 1 : 0;
}

void Connection::stop() {
    switch (phase_) {
        case Phase::idle:
            if (has_asked_ && !has_more_to_read()) {
                cancel();
                break;
            }
            [[fallthrough]];  // who has connected has a request; to close now would lose it
        case Phase::head:
        case Phase::body:
            enter(phase_);
            break;
        case Phase::lingering:
            cancel();
            break;
        case Phase::handling:
        case Phase::writing:
            break;
    }
}

bool Connection::has_more_to_read() {
    error_code ignored;
    return !pending_.empty() || socket_.available(ignored) > 0;
}

void Connection::expire(Instant at) {
    if (at < deadline_) {
        return;
    }
    is_expired_ = true;
    deadline_ = Instant::max();
    switch (phase_) {
        case Phase::idle:
        case Phase::head:
        case Phase::body:
            // Only the waiting ends: a head or body that is late gets an answer.
            stop_waiting();
            break;
        case Phase::handling:
        case Phase::writing:
        case Phase::lingering:
            cancel();
            break;
    }
}

void Connection::stop_waiting() {
    error_code ignored;
    socket_.cancel(ignored);
}

void Connection::enter(Phase phase) {
    phase_ = phase;
    const bool is_reading = phase == Phase::idle || phase == Phase::head || phase == Phase::body;
    const auto limit = is_reading && shared_->is_stopping ? std::min(patience(phase), kLastPatience) : patience(phase);
    deadline_ = limit == Duration::max() ? Instant::max() : steady_now() + limit;
}

Duration Connection::patience(Phase phase) const {
    switch (phase) {
        case Phase::idle:
            return shared_->limits.idle_timeout;
        case Phase::head:
            return shared_->limits.head_timeout;
        case Phase::body:
            return shared_->limits.body_timeout;
        case Phase::handling:
            return Duration::max();
        case Phase::writing:
            return kWritePatience;
        case Phase::lingering:
            return kLinger;
    }
    return Duration::max();
}

/// Errors and the end of both directions complete wait_error (EPOLLERR, EPOLLHUP), the end of the caller's own
/// direction (EPOLLRDHUP) does not. Armed once: it holds as long as the connection.
void Connection::watch_departure() {
    socket_.async_wait(Socket::wait_error,
                       [self = shared_from_this()](const error_code& ec) { self->on_departure(ec); });
}

/// Asio gives a new connection what it kept of a closed one, with the events that are still queued for that: the end of
/// another connection may be told to this one.
void Connection::on_departure(const error_code& ec) {
    if (ec || !socket_.is_open()) {
        return;
    }
    if (!has_left(socket_.native_handle())) {
        watch_departure();
        return;
    }
    is_departed_ = true;
    ++shared_->departed;
    cancel();
}

asio::awaitable<bool> Connection::serve() {
    enter(Phase::idle);
    if (!pending_.empty()) {
        co_await asio::post(asio::use_awaitable);  // others have their turn between the requests of one caller
    } else if (const bool is_readable = co_await wait_readable(); !is_readable) {
        co_return false;
    }
    std::optional<RequestParser> parser(std::in_place, shared_->limits.head, shared_->limits.body);
    auto received = co_await receive(*parser);
    if (!received) {
        parser.reset();
        hold_body(0);
        co_await refuse(std::move(received).error());
        co_return false;
    }
    const bool is_going_on = *received == Received::request && co_await answer(*parser) && !shared_->is_stopping;
    hold_body(0);
    co_return is_going_on;
}

asio::awaitable<bool> Connection::answer(RequestParser& parser) {
    enter(Phase::handling);
    has_asked_ = true;
    ++shared_->counts.requests;
    auto parts = parser.take();
    const Request request{.id = make_uuid_v7(SystemClock().wall()),
                          .method = std::move(parts.method),
                          .path = std::move(parts.path),
                          .query = std::move(parts.query),
                          .fields = std::move(parts.fields),
                          .body = std::move(parts.body),
                          .peer = peer_};
    ConnectionResponder responder(*this, request.id,
                                  {.is_head = request.method == "HEAD",
                                   .is_version_1_0 = parser.is_version_1_0(),
                                   .is_keep_alive = parser.is_keep_alive()});
    co_await shared_->handler(request, responder);
    co_return responder.is_reusable();
}

asio::awaitable<boost::system::result<Connection::Received, Rejection>> Connection::receive(RequestParser& parser) {
    bool has_continued = false;
    const auto early = std::exchange(pending_, {});
    auto rejected = early.empty() ? std::nullopt : take_in(parser, early);
    for (int reads = 1; !rejected && !parser.is_complete(); ++reads) {
        if (parser.is_head_done() && parser.expects_continue() && !std::exchange(has_continued, true)) {
            co_await write(kContinue);
        }
        if (reads % kReadsPerTurn == 0 && !co_await wait_readable()) {
            co_return on_end();
        }
        error_code ec;
        const auto count = socket_.read_some(asio::buffer(shared_->read_buffer), ec);
        if (ec == asio::error::would_block ? !co_await wait_readable() : ec.failed()) {
            co_return on_end();
        }
        if (!ec) {
            rejected = take_in(parser, {shared_->read_buffer.data(), count});
        }
    }
    if (rejected) {
        co_return *std::move(rejected);
    }
    co_return Received::request;
}

boost::system::result<Connection::Received, Rejection> Connection::on_end() const {
    if (phase_ == Phase::idle) {
        return Received::nothing;
    }
    if (is_expired_) {
        return Rejection{408, phase_ == Phase::head ? "The request's head did not come in time."
                                                    : "The request's body stopped coming."};
    }
    return Rejection{400, "The connection ended in the middle of the request."};
}

std::optional<Rejection> Connection::take_in(RequestParser& parser, std::string_view bytes) {
    if (phase_ == Phase::idle) {
        enter(Phase::head);
    }
    const auto used = parser.feed(bytes);
    if (!used) {
        return used.error();
    }
    if (parser.is_head_done()) {
        enter(Phase::body);
    }
    pending_.assign(bytes.substr(*used));
    return hold_body(parser.body_size());
}

std::optional<Rejection> Connection::hold_body(std::size_t size) {
    const bool has_grown = size > body_held_;
    shared_->bodies = shared_->bodies - body_held_ + size;
    body_held_ = size;
    if (has_grown && shared_->bodies > shared_->limits.bodies.bytes) {
        return Rejection{503, "lamd holds as many request bodies as its memory allows. Try again."};
    }
    return std::nullopt;
}

asio::awaitable<bool> Connection::wait_readable() {
    const auto [ec] = co_await socket_.async_wait(Socket::wait_read, kNoThrow);
    co_return !ec && !is_expired_;
}

asio::awaitable<Result<void>> Connection::write(std::string_view a, std::string_view b, std::string_view c) {
    std::array<asio::const_buffer, 3> buffers = {asio::buffer(a), asio::buffer(b), asio::buffer(c)};
    const auto before = phase_;
    for (;;) {
        error_code ec;
        consume(buffers, socket_.write_some(buffers, ec));
        if (!ec && asio::buffer_size(buffers) == 0) {
            break;
        }
        if (ec == asio::error::would_block) {
            enter(Phase::writing);
            std::tie(ec) = co_await socket_.async_wait(Socket::wait_write, kNoThrow);
        }
        if (ec) {
            co_return Error{"send the answer: " + ec.message()};
        }
    }
    if (phase_ != before) {
        enter(before);
    }
    co_return Result<void>();
}

asio::awaitable<void> Connection::refuse(Rejection rejection) {
    ++shared_->counts.rejected;
    is_expired_ = false;
    enter(Phase::writing);
    const auto body = api::encode(api::make_error(rejection.status, std::move(rejection.message)));
    Fields fields{{"Content-Type", "application/json"}};
    if (rejection.status == 503) {
        fields.push_back({"Retry-After", "1"});
    }
    const auto head = make_head(rejection.status, fields, make_uuid_v7(SystemClock().wall()), date(),
                                {.length = body.size(), .is_close = true});
    if (co_await write(head, body)) {
        co_await linger();
    }
}

/// A caller that is still sending would meet a reset connection and never read the answer: so what it sends is read and
/// dropped for a moment (RFC 9112, 9.6).
asio::awaitable<void> Connection::linger() {
    enter(Phase::lingering);
    error_code ec;
    socket_.shutdown(Socket::shutdown_send, ec);
    while (!ec && co_await wait_readable()) {
        socket_.read_some(asio::buffer(shared_->read_buffer), ec);
        if (ec == asio::error::would_block) {
            ec.clear();
        }
    }
}

std::string_view Connection::date() {
    const auto wall = SystemClock().wall();
    const auto second = std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(wall));
    if (second != shared_->date_second) {
        shared_->date_second = second;
        shared_->date = http_date(wall);
    }
    return shared_->date;
}

}  // namespace lamd::transport::http
