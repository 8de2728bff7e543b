// The half of a Relay that passes on what a worker tells: the Carrier sees to it that it comes whole, over whichever
// path.
#include "gateway/relay.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace lamd::gateway {

namespace {

using namespace std::chrono_literals;
using transport::http::Fields;
using transport::http::Response;
using Body = transport::http::Responder::Body;

// How long the caller's head waits for the first event: until then another server can answer in its own words.
constexpr Duration kHeadHeld = 5s;

// How long nothing goes to the caller before it is told that lamd lives; proxies and clients end what is silent for 30
// s and more.
constexpr Duration kPing = 15s;
constexpr std::string_view kComment = ":\n\n";

bool is_event_stream(const transport::stream::Head& head) {
    const auto type = std::string_view(head.content_type);
    return transport::http::is_equal_token(type.substr(0, type.find_first_of("; ")), "text/event-stream");
}

// The worker's words for a server that is gone, not the server's own for what it cannot do.
bool tells_of_loss(std::string_view error) {
    constexpr std::array<std::string_view, 5> kCodes{"\"upstream_cut\"", "\"upstream_timeout\"", "\"upstream_garbage\"",
                                                     "\"server_down\"", "\"worker_stopping\""};
    return std::ranges::any_of(kCodes, [error](auto code) { return error.find(code) != std::string_view::npos; });
}

}  // namespace

asio::awaitable<void> Relay::carry(std::unique_ptr<transport::stream::Link> link) {
    carrier_ = std::make_unique<Carrier>(
        Carrier::Environment{environment_.clock, environment_.mode, [this](const Hop& hop) { hopped(hop); }}, *server_,
        opening(),
        Assembly::Wanted{.choices = body_.choices,
                         .first = first_,
                         .is_numbered = is_resumable_ || is_resumed_,
                         .filter = filter_,
                         .thinking = thinking_ ? &*thinking_ : nullptr,
                         .text = keeps_text() ? &text_ : nullptr});
    if (is_resumed_) {
        carrier_->is_begun();
    } else {
        remember();
    }
    if (link) {
        carrier_->begin(*path_, std::move(link));
    }
    for (bool goes_on = true; goes_on;) {
        auto step = co_await carrier_->next();
        goes_on = co_await pass_step(std::move(step));
    }
}

// False: nothing more comes from this server.
asio::awaitable<bool> Relay::pass_step(Carrier::Step step) {
    if (path_ == nullptr && step.state != Carrier::State::lost) {
        move_to(&carrier_->path());
    }
    environment_.ledger.figures.twice += step.again;
    if (step.state == Carrier::State::running && step.bytes.empty() && is_overdue()) {
        give_up_waiting();
        co_return false;
    }
    switch (step.state) {
        case Carrier::State::running:
            co_return co_await pass_running(std::move(step));
        case Carrier::State::complete:
            co_await pass_end(std::move(step));
            co_return false;
        case Carrier::State::failed:
        case Carrier::State::lost:
            co_await pass_last(std::move(step));
            carried_failure();
            co_return false;
    }
    co_return false;
}

// What came before a failure belongs to the answer, unless the caller has nothing of it yet: then it is not begun, and
// another server may give the whole.
asio::awaitable<void> Relay::pass_last(Carrier::Step step) {
    if (has_content_ && !step.bytes.empty()) {
        co_await pass_events(std::move(step));
    } else if (!has_content_) {
        text_ = {};
    }
}

asio::awaitable<void> Relay::pass_end(Carrier::Step step) {
    const auto head = *carrier_->assembly().head();
    if (is_event_stream(head)) {
        co_await pass_events(std::move(step));
        co_return;
    }
    carrier_.reset();
    std::string body = whole_ + step.bytes;
    if (thinking_) {
        body = thinking_->body(body).value_or(body);
    }
    Response response{head.status, lam_fields(), std::move(body)};
    response.fields.push_back({"Content-Type", head.content_type});
    const auto sent = co_await responder_.send(std::move(response));
    ended(sent ? Ending::finished : Ending::left, true);
}

asio::awaitable<bool> Relay::pass_running(Carrier::Step step) {
    const auto& head = carrier_->assembly().head();
    if (!head || !is_event_stream(*head)) {
        whole_ += step.bytes;
        co_return true;
    }
    if (!progress_) {
        progress_.emplace(server_->progress());
    }
    const bool is_held = step.bytes.empty() && environment_.clock.now() < begun_ + kHeadHeld;
    if (!has_begun_ && is_held) {
        co_return true;
    }
    if (has_begun_ && step.bytes.empty()) {
        co_return co_await ping();
    }
    co_return co_await pass_events(std::move(step));
}

asio::awaitable<bool> Relay::ping() {
    const Instant now = environment_.clock.now();
    if (now < last_written_ + kPing) {
        co_return true;
    }
    last_written_ = now;
    const auto written = co_await responder_.write(kComment);
    is_answered_ = is_answered_ || !written;
    co_return written.has_value();
}

// False: the caller has left, or has all.
asio::awaitable<bool> Relay::pass_events(Carrier::Step step) {
    const auto& head = *carrier_->assembly().head();
    const bool is_last = step.state == Carrier::State::complete;
    see_answer(head.status);
    if (!has_begun_) {
        Fields fields = lam_fields();
        fields.push_back({"Content-Type", head.content_type});
        if (is_resumable_ || is_resumed_) {
            fields.push_back({"Lam-Resumable", "1"});
        }
        const Body body = is_last || !step.bytes.empty() ? Body::at_once : Body::later;
        const bool has_begun = co_await begin_stream(head.status, std::move(fields), body);
        if (!has_begun) {
            co_return false;
        }
    }
    std::optional<supervisor::Progress::Delivery> delivery;
    if (!step.bytes.empty()) {
        delivery.emplace(server_->progress());
    }
    see_events(step.events);
    const auto& watch = carrier_->assembly().watch();
    if (!step.bytes.empty() && watch.has_content()) {
        see_first_content();
    }
    step.bytes.insert(0, seam(watch));
    last_written_ = environment_.clock.now();
    if (is_last) {
        carrier_.reset();  // it has ended: there is nothing to cancel
        const auto finished = co_await responder_.finish(step.bytes);
        ended(finished ? Ending::finished : Ending::left, true);
        co_return false;
    }
    const auto written = co_await responder_.write(step.bytes);
    is_answered_ = is_answered_ || !written;
    co_return written.has_value();
}

// Of the server, or of every path to it.
void Relay::carried_failure() {
    Response response{502, {{"Content-Type", "application/json"}}, {}};
    bool is_server_lost = true;
    if (const auto& fail = carrier_->assembly().failure()) {
        is_server_lost = tells_of_loss(fail->error);
        response.status = fail->status;
        response.body = fail->error;
        if (!fail->retry_after.empty()) {
            response.fields.push_back({"Retry-After", fail->retry_after});
        }
        carrier_.reset();  // it has ended: there is nothing to cancel
    } else {
        const api::ErrorObject error{
            fmt::format("the stream from server {} was lost: {}", server_name(), carrier_->trouble()), "upstream_error",
            std::nullopt, "stream_cut"};
        response.body = api::encode(error);
    }
    lost(std::move(response), is_server_lost);
}

// The worker has deadlines of its own; these are the gateway's. Beats come every second, and with them this is asked.
bool Relay::is_overdue() {
    if (is_resumed_) {
        return false;
    }
    const Instant now = environment_.clock.now();
    patience_.observe(carrier_->assembly().watch(), now);
    return now >= due() || (body_.is_stream && now >= patience_.due());
}

// The stream is cancelled at the worker when the server is left.
void Relay::give_up_waiting() {
    const bool is_late = environment_.clock.now() < patience_.due();
    const api::ErrorObject error{
        fmt::format(
            "server {}: {}", server_name(),
            is_late ? "the answer was not complete in time (timeout, or deadlines.total)" : patience_.overdue()),
        "upstream_error", std::nullopt, "upstream_timeout"};
    lost({504, {{"Content-Type", "application/json"}}, api::encode(error)}, true);
}

void Relay::hopped(const Hop& hop) {
    move_to(&carrier_->path());
    ++environment_.ledger.figures.hops;
    environment_.ledger.figures.hop_gap.add(hop.gap);
    tell_failover({.rung = "path",
                   .from = hop.from,
                   .to = hop.to,
                   .why = hop.why,
                   .gap_s = seconds(hop.gap),
                   .next = hop.next,
                   .lost = hop.lost,
                   .twice = hop.twice});
}

}  // namespace lamd::gateway
