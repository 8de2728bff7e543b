// What lamd says of itself, and the little that it can be told: the Control that the API sees.
#include "api/version.h"
#include "config/dump.h"
#include "daemon/daemon.h"
#include "daemon/report.h"

namespace lamd::daemon {

const Clock& Daemon::clock() const {
    return clock_;
}

const config::Roles& Daemon::roles() const {
    return config_.socket.roles;
}

api::Status Daemon::status() const {
    api::Status status;
    status.version = api::kVersion;
    status.mode = to_string(mode_);
    status.started = started_;
    status.uptime_s = seconds(clock_.now() - started_at_);
    status.tunnels = tunnels_.report();
    if (gateway_) {
        status.paths = gateway_->paths();
        status.streams = gateway_->counts();
        status.broker = to_status(gateway_->broker());
    }
    if (worker_) {
        status.worker = to_status(*worker_);
    }
    status.verdict = judge(status);
    return status;
}

Figures Daemon::figures() const {
    return {.status = status(),
            .http = server_->counts(),
            .process = read_process_facts(),
            .gateway = gateway_ ? std::optional(gateway_->figures()) : std::nullopt};
}

api::ModeStatus Daemon::switch_mode(config::Mode mode, bool is_now) {
    mode_ = mode;
    api::ModeStatus answer;
    answer.mode = to_string(mode);
    if (const auto kept = mode_file_.write(mode); !kept) {
        answer.note = "the next start will not know of it: " + kept.error().message;
    }
    if (gateway_) {
        gateway_->set_mode(mode, is_now);
    }
    log_.info("the mode is " + answer.mode, {{"mode", answer.mode}, {"now", is_now ? "true" : "false"}});
    publish_now();
    events_.publish(status(), clock_.wall());
    return answer;
}

bool Daemon::is_ready() const {
    return gateway_ ? gateway_->is_ready() : status().verdict.state != "down";
}

gateway::Gateway* Daemon::gateway() {
    return config_.servers.empty() ? nullptr : gateway_.get();
}

EventLog& Daemon::events() {
    return events_;
}

const std::string& Daemon::config_file() const {
    return options_.config;
}

std::string Daemon::config_yaml() const {
    return config::to_yaml(config_);
}

bool Daemon::reconnect(std::string_view tunnel) {
    return tunnels_.reconnect(tunnel);
}

}  // namespace lamd::daemon
