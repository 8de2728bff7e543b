// What lamd says of itself, and the little that it can be told: the Control that the API sees.
#include "api/version.h"
#include "config/dump.h"
#include "daemon/configuration.h"
#include "daemon/daemon.h"
#include "daemon/report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>

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
    status.presences = presences_.list();
    if (gateway_) {
        status.paths = gateway_->paths();
        status.servers = gateway_->servers();
        status.streams = gateway_->counts();
        const auto queue = gateway_->queue();
        status.queue = {.waiting = queue.waiting, .longest_wait_s = seconds(queue.longest)};
        status.failovers = gateway_->failovers();
        status.broker = to_status(gateway_->broker());
    }
    if (worker_) {
        status.worker = to_status(*worker_);
        status.worker->child = child_ ? std::optional(child_->report()) : std::nullopt;
    }
    status.verdict = judge(status);
    if (const auto waiting = needs_restart(begun_, config_); !waiting.empty()) {
        status.verdict.notes.push_back(
            {fmt::format("the configuration has changed what only a restart changes: {}", fmt::join(waiting, ", ")),
             "systemctl restart lamd"});
    }
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

// Of what is not configured any more nothing is kept.
std::optional<api::ServerChange> Daemon::set_draining(const std::string& server, bool is_draining) {
    const auto before = draining_.find(server);
    const auto since = before != draining_.end() ? before->second : clock_.wall();
    if (!gateway_ || !gateway_->drain(server, is_draining ? std::optional(since) : std::nullopt)) {
        return std::nullopt;
    }
    const auto now = status();
    draining_.clear();
    api::ServerChange change;
    for (const auto& one : now.servers) {
        if (one.draining_since) {
            draining_[one.name] = *one.draining_since;
        }
        change.server = one.name == server ? one : change.server;
    }
    if (const auto kept = drain_file_.write(draining_); !kept) {
        change.note = "the next start will not know of it: " + kept.error().message;
        log_.warning(change.note);
    }
    log_.info(fmt::format("server {} {}", server, is_draining ? "is draining" : "is in use again"),
              {{"server", server}, {"running", std::to_string(change.server.in_flight)}});
    publish_now();
    return change;
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

Presences& Daemon::presences() {
    return presences_;
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
