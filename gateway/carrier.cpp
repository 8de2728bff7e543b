#include "gateway/carrier.h"

#include <algorithm>
#include <utility>

namespace lamd::gateway {

namespace {

using namespace std::chrono_literals;
using supervisor::Path;
using supervisor::Sign;
using transport::http::Failure;
using transport::http::FailureKind;
using transport::stream::Link;

constexpr Duration kFirstPause = 50ms;
constexpr Duration kLongestPause = 250ms;

bool is_data(const transport::stream::Message& message) {
    return std::holds_alternative<transport::stream::Data>(message);
}

std::string name_of(const Path& path) {
    return std::string(path.way().transport()) + " " + path.way().address();
}

}  // namespace

void Carrier::begin(Path& path, std::unique_ptr<Link> link) {
    path_ = &path;
    link_ = std::move(link);
}

asio::awaitable<Carrier::Step> Carrier::next() {
    for (;;) {
        if (!link_) {
            const bool is_attached = co_await attach();
            if (!is_attached) {
                co_return lose(trouble_);
            }
        }
        const auto messages = co_await link_->next();
        if (!messages) {
            co_await leave(messages.error());
            continue;
        }
        arrived(*messages);
        auto progress = assembly_.take(*messages);
        settle(*messages, progress.verdict);
        Step step{State::running, std::move(progress.bytes), progress.events, progress.again};
        switch (progress.verdict) {
            case Assembly::Verdict::going_on:
                break;
            case Assembly::Verdict::gap:
                link_.reset();
                lost();
                trouble_ = "events were missing";
                break;
            case Assembly::Verdict::complete:
                step.state = State::complete;
                co_return step;
            case Assembly::Verdict::failed:
                if (is_unknown() && !has_begun()) {
                    link_.reset();  // it never had the request, or not any more: it may be sent again
                    trouble_ = assembly_.failure()->error;
                    if (is_turned_away_for_long()) {
                        co_return lose(trouble_);
                    }
                    assembly_.forgive();
                    co_await sleep_until(environment_.clock.now() + kFirstPause);
                    continue;
                }
                if (is_unknown() || says("stream_forgotten")) {
                    co_return lose(assembly_.failure()->error);
                }
                step.state = State::failed;
                co_return step;
            case Assembly::Verdict::corrupt:
                co_return lose("the worker counted other events than those that came");
            case Assembly::Verdict::gone:
                co_return lose("the stream was cancelled");
        }
        co_return step;
    }
}

// A worker that is being stopped is asked until its successor is there, or the answers that hold it up take too long.
bool Carrier::is_turned_away_for_long() {
    const Instant now = environment_.clock.now();
    turned_away_ = turned_away_.value_or(now);
    return now >= *turned_away_ + environment_.patience_refused;
}

// The worker does not have the stream (any more). Of one whose beginning it has forgotten, it will never give more.
bool Carrier::is_unknown() const {
    return says("stream_unknown") || says("worker_stopping");
}

bool Carrier::says(std::string_view code) const {
    return assembly_.failure()->error.find('"' + std::string(code) + '"') != std::string::npos;
}

Carrier::Step Carrier::lose(std::string why) {
    trouble_ = std::move(why);
    return Step{.state = State::lost};
}

// A path that has lost a stream is doubted until a probe has come back, so that another one is tried first.
asio::awaitable<void> Carrier::leave(Failure why) {
    link_.reset();
    lost();
    if (why.kind == FailureKind::local) {
        trouble_ = std::move(why.message);  // it was lamd's own will
        co_return;
    }
    if (path_->state() == supervisor::PathState::up) {
        auto doubt = path_->judge(why);
        doubt.sign = Sign::failing;
        path_->observe(doubt);
    } else if (why.kind == FailureKind::refused) {
        path_->observe(path_->judge(why));
    }
    path_->probe_now();
    trouble_ = std::move(why.message);
    co_return;
}

// A path that is lost before anything with a number has come belongs to the loss before.
void Carrier::lost() {
    if (!loss_) {
        loss_ = Loss{environment_.clock.now(), name_of(*path_), assembly_.next(), assembly_.continuity()};
    }
    loss_->gap.reset();
}

void Carrier::arrived(const std::vector<transport::stream::Message>& messages) {
    path_->heard();
    if (std::ranges::any_of(messages, is_data)) {
        path_->progressed();
    }
    if (loss_ && !loss_->gap) {
        loss_->gap = environment_.clock.now() - loss_->at;
    }
}

void Carrier::settle(const std::vector<transport::stream::Message>& messages, Assembly::Verdict verdict) {
    const auto has_number = [](const auto& message) {
        return !std::holds_alternative<transport::stream::Head>(message);
    };
    const bool goes_on = verdict == Assembly::Verdict::going_on || verdict == Assembly::Verdict::complete;
    if (!loss_ || !goes_on || std::ranges::none_of(messages, has_number)) {
        return;
    }
    const auto loss = *std::exchange(loss_, std::nullopt);
    const auto& now = assembly_.continuity();
    environment_.on_hop({.from = loss.from,
                         .to = name_of(*path_),
                         .why = trouble_,
                         .gap = loss.gap.value_or(Duration::zero()),
                         .next = loss.next,
                         .lost = now.lost() - loss.before.lost(),
                         .twice = now.twice() - loss.before.twice()});
}

asio::awaitable<bool> Carrier::attach() {
    const Instant until = environment_.clock.now() + environment_.patience;
    Instant heard = environment_.clock.now();
    Duration pause = kFirstPause;
    for (;;) {
        for (auto* path : server_.usable_paths(environment_.mode)) {
            const bool is_attached = co_await attach_over(*path);
            if (is_attached) {
                co_return true;
            }
        }
        const Instant now = environment_.clock.now();
        heard = is_refused_everywhere() ? heard : now;
        const Instant end = std::min(until, heard + environment_.patience_refused);
        if (now >= end) {
            co_return false;
        }
        for (const auto& path : server_.paths()) {
            path->probe_now();
        }
        co_await sleep_until(std::min(now + pause, end));
        pause = std::min(pause * 2, kLongestPause);
    }
}

// Nobody listens: the worker has ended, or every tunnel to it. Who hears nothing may still hope.
bool Carrier::is_refused_everywhere() const {
    return std::ranges::all_of(server_.paths(), [this](const auto& path) {
        return !supervisor::allows(environment_.mode, path->way().transport()) || path->is_refused() ||
               !path->way().can_resume();
    });
}

asio::awaitable<bool> Carrier::attach_over(Path& path) {
    if (!path.way().can_resume()) {
        co_return false;
    }
    path_ = &path;
    if (has_begun()) {
        auto link = co_await path.way().resume(opening_.id, assembly_.next());
        if (link) {
            link_ = std::move(*link);
            co_return true;
        }
        co_await leave(link.error());
        co_return false;
    }
    auto opened = co_await path.way().open(opening_);
    if (!opened) {
        co_await leave(opened.error());
        co_return false;
    }
    auto* const link = std::get_if<std::unique_ptr<Link>>(&*opened);
    if (link == nullptr) {
        Failure failure{FailureKind::protocol, "a server answers there that has no worker"};
        co_await leave(std::move(failure));
        co_return false;
    }
    link_ = std::move(*link);
    co_return true;
}

}  // namespace lamd::gateway
