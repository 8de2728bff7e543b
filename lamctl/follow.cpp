// `lamctl events` and `lamctl wait`: commands that follow lamd's events and outlive its restarts.
#include "lamctl/commands.h"
#include "lamctl/conditions.h"
#include "lamctl/duration.h"
#include "lamctl/feed.h"
#include "lamctl/interrupt.h"
#include "lamctl/render.h"
#include "lamctl/snapshot.h"

#include <fmt/format.h>

namespace lamd::lamctl {
namespace {

/// Says once when lamd goes away, and when it comes back.
class Remarks {
public:
    explicit Remarks(const Context& context) : context_(context) {}

    void on(const Feed::Lost& lost) {
        remark(context_, lost.why.message + "; waiting for it to come back");
        is_lost_ = true;
    }
    void on(const Feed::Connected&) {
        if (std::exchange(is_lost_, false)) {
            remark(context_, "connected again");
        }
    }

private:
    const Context& context_;
    bool is_lost_ = false;
};

/// What is missing of all conditions; empty when all hold.
Outcome<std::string> missing_of(const std::vector<Condition>& conditions, const api::Status& status, WallTime now) {
    std::string all;
    for (const Condition& condition : conditions) {
        const auto one = missing(condition, status, now);
        if (!one) {
            return one.error();
        }
        if (*one && all.find(**one) == std::string::npos) {
            all += (all.empty() ? "" : "; ") + **one;
        }
    }
    return all;
}

}  // namespace

CommandResult show_events(const Context& context) {
    const Interrupt interrupt;
    Feed feed(context.options.socket);
    Remarks remarks(context);
    bool is_connected = false;
    while (true) {
        auto item = feed.next({interrupt.fd(), std::nullopt, context.out});
        if (!item) {
            return item.error().code == ExitCode::interrupted ? CommandResult(ExitCode::done) : item.error();
        }
        if (const auto* received = std::get_if<Feed::Received>(&*item)) {
            const std::string line =
                context.options.is_json ? received->json + "\n" : render_event(context.look, received->event);
            if (auto written = write_all(context.out, line, interrupt.fd()); !written) {
                return written.error().code == ExitCode::interrupted ? CommandResult(ExitCode::done) : written.error();
            }
            if (!context.options.is_follow) {
                return ExitCode::done;
            }
        } else if (const auto* lost = std::get_if<Feed::Lost>(&*item)) {
            if (!is_connected) {
                return lost->why;  // Never there: an error, as for every other command.
            }
            remarks.on(*lost);
        } else {
            remarks.on(Feed::Connected{});
            is_connected = true;
        }
    }
}

CommandResult wait_for_conditions(const Context& context) {
    const WaitOptions& options = context.options.wait;
    std::vector<Condition> conditions;
    conditions.reserve(options.conditions.size());
    for (const std::string& text : options.conditions) {
        conditions.push_back(*parse_condition(text));
    }
    const Interrupt interrupt;
    const Until until{interrupt.fd(), context.clock.now() + *parse_duration(options.timeout)};
    Feed feed(context.options.socket);
    api::Status status;
    std::string missing = "lamd has not said how it is";
    while (true) {
        auto item = feed.next(until);
        if (!item && item.error().code == ExitCode::timed_out) {
            return Failure{ExitCode::timed_out, fmt::format("timed out after {}: {}", options.timeout, missing), ""};
        }
        if (!item) {
            return item.error();
        }
        if (const auto* received = std::get_if<Feed::Received>(&*item)) {
            apply(received->event, status);
            const auto now_missing = missing_of(conditions, status, context.clock.wall());
            if (!now_missing || now_missing->empty()) {
                return now_missing ? CommandResult(ExitCode::done) : now_missing.error();
            }
            missing = *now_missing;
        } else if (const auto* lost = std::get_if<Feed::Lost>(&*item)) {
            missing = lost->why.message;
        }
    }
}

}  // namespace lamd::lamctl
