#include "transport/legacy/bridge_bus.h"

#include "transport/legacy/bridge_way.h"
#include "transport/legacy/payloads.h"
#include "transport/legacy/topics.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

namespace lamd::transport::legacy {

namespace {

using http::FailureKind;
using http::Layer;

constexpr Duration kAskEvery = std::chrono::seconds(10);

}  // namespace

BridgeBus::BridgeBus(const mqtt::Environment& environment, const config::Mqtt& config, std::string client,
                     std::function<void()> on_change)
    : executor_(environment.executor),
      clock_(environment.clock),
      client_name_(std::move(client)),
      probe_session_("lamd-probe-" + client_name_),
      on_change_(std::move(on_change)) {
    const auto epoch = std::chrono::duration_cast<std::chrono::milliseconds>(clock_.wall().time_since_epoch());
    mqtt::Settings settings;
    settings.config = config;
    settings.client_id = fmt::format("lam-b-{}-{}", client_name_, epoch.count());
    settings.subscriptions = {{status_topic("+"), 1},
                              {response_topic("+", fmt::format("+/{}/+", client_name_)), 1},
                              {response_topic("+", probe_session_), 1},
                              {hint_topic("+", probe_session_), 1}};
    client_ = mqtt::Client::create(environment, std::move(settings), *this);
}

BridgeBus::~BridgeBus() = default;

std::unique_ptr<stream::Way> BridgeBus::make_way(const config::Bridge& bridge) {
    const auto known = known_.find(bridge.project);
    if (known == known_.end()) {
        known_.emplace(bridge.project, Known{bridge.status, {}, {}, Event(executor_)});
    } else {
        known->second.status = bridge.status;
    }
    return std::make_unique<BridgeWay>(*this, bridge.project);
}

void BridgeBus::connected() {
    on_change_();
}

// A reply that comes while nobody listens is lost, and nobody can tell whether it has come.
void BridgeBus::disconnected() {
    const http::Failure why{FailureKind::closed, "the connection to the broker was lost", true, "", Layer::broker};
    for (const auto& [project, known] : known_) {
        fail_calls(project, why);
    }
    on_change_();
}

void BridgeBus::changed() {
    on_change_();
}

// What was retained says nothing of now.
void BridgeBus::received(mqtt::Message message) {
    if (message.is_retained) {
        return;
    }
    const std::string_view topic = message.topic;
    const auto project = topic.substr(0, topic.find('/'));
    if (topic == status_topic(project)) {
        take_status(project, message.payload);
    } else {
        take_reply(message, project);
    }
}

void BridgeBus::take_status(std::string_view project, std::string_view payload) {
    const auto is_online = decode_status(payload);
    for (auto& [name, known] : known_) {
        if (known.status != project || !is_online) {
            continue;
        }
        const auto before = known.presence.state(clock_.now());
        if (*is_online) {
            known.presence.said_online(clock_.now());
            known.heard.set();
        } else {
            known.presence.said_offline();
            fail_calls(name, absence(name));
        }
        if (known.presence.state(clock_.now()) != before) {
            on_change_();
        }
    }
}

void BridgeBus::take_reply(const mqtt::Message& message, std::string_view project) {
    const auto known = known_.find(project);
    if (known == known_.end()) {
        return;
    }
    const auto before = known->second.presence.state(clock_.now());
    known->second.presence.heard(clock_.now());
    known->second.heard.set();
    if (const auto call = calls_.find(message.topic); call != calls_.end()) {
        call->second->reply(message.payload);
    }
    if (before != BridgePresence::State::online) {
        on_change_();
    }
}

void BridgeBus::fail_calls(std::string_view project, const http::Failure& why) {
    for (const auto& [topic, call] : calls_) {
        if (call->project() == project) {
            call->fail(why);
        }
    }
}

// Forgetting the history of a session that nobody has is answered with a notice, and changes nothing.
void BridgeBus::ask_for_sign(const std::string& project) {
    auto& known = known_.at(project);
    const Instant now = clock_.now();
    if (!client_->is_up() || now < known.asked + kAskEvery) {
        return;
    }
    known.asked = now;
    const auto payload = fmt::format(R"({{"sessionId":"{}"}})", probe_session_);
    static_cast<void>(client_->publish(topic(project, Subject::clear_history), payload, {}));
}

std::optional<http::Failure> BridgeBus::obstacle(const std::string& project) const {
    if (!client_->is_up()) {
        const auto report = client_->report();
        const auto trouble = report.trouble.value_or(mqtt::Trouble{});
        return http::Failure{
            FailureKind::refused,
            fmt::format("no broker is connected ({}{}{})", report.broker, trouble.message.empty() ? "" : ": ",
                        trouble.message),
            false, trouble.remedy.empty() ? "look at the broker, and at the network on the way to it" : trouble.remedy,
            Layer::broker};
    }
    const auto state = known_.at(project).presence.state(clock_.now());
    const bool is_gone = state == BridgePresence::State::offline || state == BridgePresence::State::silent;
    if (!is_gone) {
        return std::nullopt;
    }
    auto failure = absence(project);
    failure.kind = FailureKind::refused;
    failure.may_have_run = false;
    return failure;
}

http::Failure BridgeBus::absence(const std::string& project) const {
    const auto& known = known_.at(project);
    const Instant now = clock_.now();
    const auto heard = known.presence.last_heard();
    const auto what = known.presence.state(now) == BridgePresence::State::offline ? std::string("has left the broker")
                      : heard ? fmt::format("was last heard {} ago", human(now - *heard))
                              : std::string("has not been heard");
    return {
        FailureKind::closed, fmt::format("the bridge of project {} {}", project, what), true,
        fmt::format("start the bridge; it says every 30 s on {} that it is there, or the broker's access list keeps "
                    "that from lamd",
                    status_topic(known.status)),
        Layer::worker};
}

}  // namespace lamd::transport::legacy
