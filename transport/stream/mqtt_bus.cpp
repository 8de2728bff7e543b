#include "transport/stream/mqtt_bus.h"

#include "api/parse.h"
#include "transport/stream/frame_form.h"
#include "transport/stream/mqtt_link.h"
#include "transport/stream/topics.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace lamd::transport::stream {

namespace {

using http::Layer;

std::string epoch_of(const Clock& clock) {
    const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(clock.wall().time_since_epoch());
    return fmt::format("{}", now.count());
}

std::string absence(std::string_view site, std::string_view worker) {
    return fmt::format(
        "start worker {}, on its machine: `systemctl start lamd`; if it runs, `lamctl status` there says what keeps it "
        "from the broker; site, "
        "worker and broker must be the same on both machines, and the broker's access list must let this "
        "gateway read {}",
        worker, worker_topic(site, "+", "state"));
}

}  // namespace

MqttBus::MqttBus(const mqtt::Environment& environment, config::Mqtt config, std::string client,
                 std::function<void()> on_change)
    : executor_(environment.executor),
      clock_(environment.clock),
      config_(std::move(config)),
      client_name_(client),
      on_change_(std::move(on_change)) {
    const auto epoch = epoch_of(clock_);
    reply_topic_ = reply_topic(config_.site, client, epoch);
    mqtt::Settings settings;
    settings.config = config_;
    settings.client_id = fmt::format("lam-c-{}-{}", client, epoch);
    settings.subscriptions = {{reply_topic_, 1}, {worker_topic(config_.site, "+", "state"), 1}};
    client_ = mqtt::Client::create(environment, std::move(settings), *this);
}

MqttBus::~MqttBus() = default;

void MqttBus::connected() {
    on_change_();
}

void MqttBus::disconnected() {
    is_present_.clear();
    fail_links(nullptr, http::FailureKind::closed, {Layer::broker, {"the connection to the broker was lost", ""}});
    reassembly_.clear();
    on_change_();
}

void MqttBus::changed() {
    on_change_();
}

void MqttBus::received(mqtt::Message message) {
    if (message.topic == reply_topic_) {
        take_frame(message.payload);
    } else {
        take_state(message.topic, message.payload);
    }
}

// What cannot be read is as good as lost: the link sees a gap, or nothing, and asks again.
void MqttBus::take_frame(std::string_view bytes) {
    const auto frame = decode(bytes);
    if (!frame) {
        return;
    }
    const auto [first, last] = links_.equal_range(frame->id);
    if (first == last) {
        return;
    }
    const auto payload = reassembly_.add(*frame);
    if (!payload || !*payload) {
        return;
    }
    const auto messages = decode_payload(frame->type, frame->seq, **payload);
    if (!messages) {
        return;
    }
    for (auto link = first; link != last; ++link) {
        link->second->push(*messages);
    }
}

void MqttBus::take_state(std::string_view topic, std::string_view payload) {
    const auto prefix = worker_topic(config_.site, "", "");  // with the empty name's slash behind it
    topic.remove_prefix(std::min(topic.size(), prefix.size() - 1));
    const std::string worker(topic.substr(0, topic.find('/')));
    const auto state = api::parse_json<nlohmann::json>(payload);
    const auto said = api::text_member(state, "state");
    const bool is_there = said == "online";
    if (!is_there && said != "offline") {
        return;  // somebody cleared it: the worker itself, or its will, would have said so
    }
    if (std::exchange(is_present_[worker], is_there) && is_there) {
        return;  // said again
    }
    if (!is_there) {
        fail_links(
            &worker, http::FailureKind::closed,
            {Layer::worker, {fmt::format("worker {} has left the broker", worker), absence(config_.site, worker)}});
    }
    on_change_();
}

http::Failure MqttBus::failure(http::FailureKind kind, const Obstacle& why, bool may_have_run) {
    return http::Failure{kind, why.trouble.message, may_have_run, why.trouble.remedy, why.layer};
}

std::optional<MqttBus::Obstacle> MqttBus::obstacle(const std::string& worker) const {
    if (!client_->is_up()) {
        const auto report = client_->report();
        const auto trouble = report.trouble.value_or(mqtt::Trouble{});
        return Obstacle{
            Layer::broker,
            {fmt::format("no broker is connected ({}{}{})", report.broker, trouble.message.empty() ? "" : ": ",
                         trouble.message),
             trouble.remedy.empty() ? "look at the broker, and at the network on the way to it" : trouble.remedy}};
    }
    const auto present = is_present_.find(worker);
    if (present != is_present_.end() && present->second) {
        return std::nullopt;
    }
    if (auto trouble = client_->report().trouble) {
        return Obstacle{Layer::worker,
                        {fmt::format("worker {} is not at the broker, or not seen ({})", worker, trouble->message),
                         std::move(trouble->remedy)}};
    }
    return Obstacle{Layer::worker,
                    {fmt::format("worker {} is not at the broker", worker), absence(config_.site, worker)}};
}

MqttBus::Obstacle MqttBus::silence(const std::string& worker) const {
    const auto message =
        fmt::format("worker {} is at the broker, but silent over mqtt for {}", worker, human(kSilence));
    if (auto trouble = client_->report().trouble) {
        return {Layer::worker, {fmt::format("{} ({})", message, trouble->message), std::move(trouble->remedy)}};
    }
    auto remedy = fmt::format(
        "look at the broker's access list: this gateway writes to {} and {} and reads {}; the "
        "worker reads the former and writes to the latter; then at `lamctl status` of worker {}",
        worker_topic(config_.site, worker, "req"), worker_topic(config_.site, worker, "ctl"),
        reply_topic(config_.site, client_name_, "+"), worker);
    return {Layer::worker, {message, std::move(remedy)}};
}

Result<void> MqttBus::send(const std::string& worker, FrameType type, const UuidBytes& id, std::uint64_t seq,
                           std::string_view payload) {
    const bool is_request = type == FrameType::open || type == FrameType::resume;
    const auto topic = worker_topic(config_.site, worker, is_request ? "req" : "ctl");
    mqtt::PublishOptions options;
    options.response_topic = reply_topic_;
    const std::size_t room = mqtt::payload_room(topic, client_->packet_limit(), options);
    for (const auto& frame : make_frames(type, id, seq, payload, room)) {
        if (auto sent = client_->publish(topic, frame, options); !sent) {
            return sent;
        }
    }
    return {};
}

void MqttBus::fail_links(const std::string* worker, http::FailureKind kind, const Obstacle& why) {
    for (const auto& [id, link] : links_) {
        if (worker == nullptr || link->worker() == *worker) {
            link->fail(kind, why);
        }
    }
}

}  // namespace lamd::transport::stream
