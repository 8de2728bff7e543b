// The half of a Relay that passes on what a worker tells: the Carrier sees to it that it comes whole, over whichever
// path.
#include "gateway/relay.h"

#include <fmt/format.h>

#include <utility>

namespace lamd::gateway {

namespace {

using namespace std::chrono_literals;
using transport::http::Fields;
using transport::http::Response;

// How long the caller's head waits for the first event: until then another server can answer in its own words.
constexpr Duration kHeadHeld = 5s;

bool is_event_stream(const transport::stream::Head& head) {
    const auto type = std::string_view(head.content_type);
    return transport::http::is_equal_token(type.substr(0, type.find_first_of("; ")), "text/event-stream");
}

}  // namespace

asio::awaitable<void> Relay::carry(std::unique_ptr<transport::stream::Link> link) {
    carrier_ = std::make_unique<Carrier>(
        Carrier::Environment{environment_.clock, environment_.mode, [this](const Hop& hop) { hopped(hop); }}, *server_,
        opening(),
        Assembly::Wanted{.choices = body_.choices, .first = first_, .is_numbered = is_resumable_ || is_resumed_});
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
    switch (step.state) {
        case Carrier::State::running:
            co_return co_await pass_running(std::move(step.bytes));
        case Carrier::State::complete:
            co_await pass_end(std::move(step.bytes));
            co_return false;
        case Carrier::State::failed:
        case Carrier::State::lost:
            co_await carried_failure();
            co_return false;
    }
    co_return false;
}

asio::awaitable<void> Relay::pass_end(std::string bytes) {
    const bool is_passed = co_await pass_running(std::move(bytes));
    if (!is_passed) {
        co_return;
    }
    const auto head = *carrier_->assembly().head();
    carrier_.reset();  // it has ended: there is nothing to cancel
    if (is_event_stream(head)) {
        const auto finished = co_await responder_.finish();
        ended(finished ? Ending::finished : Ending::left, true);
        co_return;
    }
    Response response{head.status, lam_fields(), std::move(whole_)};
    response.fields.push_back({"Content-Type", head.content_type});
    const auto sent = co_await responder_.send(std::move(response));
    ended(sent ? Ending::finished : Ending::left, true);
}

asio::awaitable<bool> Relay::pass_running(std::string bytes) {
    const auto& head = carrier_->assembly().head();
    if (!head || !is_event_stream(*head)) {
        whole_ += bytes;
        co_return true;
    }
    const bool is_held = bytes.empty() && environment_.clock.now() < begun_ + kHeadHeld;
    if (!has_begun_ && is_held) {
        co_return true;
    }
    see_answer(head->status);
    Fields fields = lam_fields();
    fields.push_back({"Content-Type", head->content_type});
    if (is_resumable_ || is_resumed_) {
        fields.push_back({"Lam-Resumable", "1"});
    }
    const bool has_begun = co_await begin_stream(head->status, std::move(fields));
    if (!has_begun) {
        co_return false;
    }
    if (!bytes.empty()) {
        ++environment_.ledger.figures.events;
        see_first_event();
    }
    const auto written = co_await responder_.write(bytes);
    is_answered_ = is_answered_ || !written;
    co_return written.has_value();
}

// Of the server, or of every path to it. While nothing of the answer has come to the caller, another server may be
// asked.
asio::awaitable<void> Relay::carried_failure() {
    Response response{502, {{"Content-Type", "application/json"}}, {}};
    if (const auto& fail = carrier_->assembly().failure()) {
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
    reasons_.push_back(fmt::format("{}: {}", server_name(), response.body));
    if (has_first_event_) {
        auto error = std::move(response.body);
        ended(Ending::failed, false);
        co_await cut(std::move(error));
        co_return;
    }
    if (path_ != nullptr) {
        ++path_->counts.failed;
        path_->probe_now();
    }
    refused(std::move(response));
}

void Relay::hopped(const Hop& hop) {
    move_to(&carrier_->path());
    ++environment_.ledger.figures.hops;
    environment_.ledger.figures.twice += hop.twice;
    environment_.ledger.figures.hop_gap.add(hop.gap);
    environment_.log.info("an answer goes on over another path", {{"stream", stream_id_},
                                                                  {"server", std::string(server_name())},
                                                                  {"from", hop.from},
                                                                  {"to", hop.to},
                                                                  {"reason", hop.why},
                                                                  {"gap", human(hop.gap)},
                                                                  {"event", std::to_string(hop.next)}});
}

}  // namespace lamd::gateway
