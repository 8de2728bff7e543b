#include "worker/mqtt_ingress.h"

#include "api/error.h"
#include "api/parse.h"
#include "transport/stream/frame_form.h"
#include "transport/stream/request_form.h"
#include "transport/stream/topics.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace lamd::worker {

namespace {

using transport::stream::FrameType;
using transport::stream::worker_topic;

constexpr ByteCount kRequest = 101_MiB;   ///< as over HTTP, with its description
constexpr ByteCount kRequests = 256_MiB;  ///< that are put together at once

}  // namespace

MqttIngress::MqttIngress(const transport::mqtt::Environment& environment, const config::Worker& worker,
                         config::Mqtt config, Streams& streams, Duration renewal)
    : environment_(environment),
      worker_(worker),
      config_(std::move(config)),
      streams_(streams),
      state_topic_(worker_topic(config_.site, worker_.name, "state")),
      reply_root_(transport::stream::reply_root(config_.site)),
      reassembly_(kRequest, kRequests),
      tasks_(environment_.executor),
      renewal_(renewal) {
    transport::mqtt::Settings settings;
    settings.config = config_;
    settings.client_id = fmt::format("lam-w-{}-{}", config_.site, worker_.name);
    settings.subscriptions = {{worker_topic(config_.site, worker_.name, "req"), 1},
                              {worker_topic(config_.site, worker_.name, "ctl"), 1}};
    settings.will = transport::mqtt::Will{state_topic_, state("offline")};
    client_ = transport::mqtt::Client::create(environment_, std::move(settings), *this);
}

std::string MqttIngress::state(std::string_view state) const {
    return api::dump_json(nlohmann::json{{"worker", worker_.name}, {"state", state}, {"protocol", 1}});
}

asio::awaitable<void> MqttIngress::drain(Instant deadline) {
    constexpr Duration kLook = std::chrono::milliseconds(20);
    while (!readers_.empty() && environment_.clock.now() < deadline) {
        co_await sleep_until(environment_.clock.now() + kLook);
    }
}

asio::awaitable<void> MqttIngress::stop() {
    static_cast<void>(client_->publish(state_topic_, state("offline"), {.is_retained = true}));
    tasks_.cancel();
    co_await tasks_.join();
    co_await client_->stop();
}

void MqttIngress::connected() {
    say_online();
}

void MqttIngress::say_online() {
    static_cast<void>(client_->publish(state_topic_, state("online"), {.is_retained = true}));
}

// What a broker retains may be cleared, or written over by the will of a connection that ended long ago, while this one
// stands: nobody would send anything here until the next connection.
asio::awaitable<void> MqttIngress::renew_presence() {
    for (;;) {
        co_await sleep_until(environment_.clock.now() + renewal_);
        if (client_->is_up()) {
            say_online();
        }
    }
}

// What was under way is asked for again, from wherever its gateway has got to.
void MqttIngress::disconnected() {
    reassembly_.clear();
    for (const auto& [key, reader] : readers_) {
        reader->leave();
    }
}

void MqttIngress::received(transport::mqtt::Message message) {
    const auto frame = transport::stream::decode(message.payload);
    if (!frame) {
        environment_.log.debug("a message that is no frame came over mqtt: " + frame.error().message);
        return;
    }
    if (!message.response_topic.starts_with(reply_root_)) {
        environment_.log.debug("a frame came over mqtt whose answer would not go to a gateway: " +
                               message.response_topic);
        return;
    }
    const auto payload = reassembly_.add(*frame);
    if (!payload && frame->offset == 0) {
        refuse(frame->id, 413, "request_too_large", payload.error().message, message.response_topic);
    } else if (payload && *payload) {
        take(*frame, **payload, message.response_topic);
    }
}

void MqttIngress::take(const Frame& frame, std::string_view payload, const std::string& reply_topic) {
    switch (frame.type) {
        case FrameType::open:
            open(frame, payload, reply_topic);
            break;
        case FrameType::resume:
            resume(frame, payload, reply_topic);
            break;
        case FrameType::cancel:
            tasks_.spawn(cancel(frame.id, reply_topic));
            break;
        case FrameType::credit:
            if (const auto reader = readers_.find({frame.id, reply_topic}); reader != readers_.end()) {
                reader->second->credit(frame.seq, transport::stream::decode_credit(payload));
            }
            break;
        case FrameType::head:
        case FrameType::events:
        case FrameType::beat:
        case FrameType::end:
        case FrameType::error:
        case FrameType::gone:
            break;  // not for a worker
    }
}

void MqttIngress::open(const Frame& frame, std::string_view payload, const std::string& reply_topic) {
    auto request = transport::stream::decode_open(payload);
    if (!request) {
        refuse(frame.id, 400, "invalid_request", request.error().message, reply_topic);
        return;
    }
    const auto id = to_string(frame.id);
    if (streams_.is_closed() && !streams_.find(id)) {
        refuse(frame.id, 503, "worker_full", "the worker is being stopped and begins nothing new", reply_topic);
        return;
    }
    auto stream = streams_.open({.id = id,
                                 .method = request->method,
                                 .path = request->path,
                                 .content_type = request->content_type,
                                 .body = std::move(request->body),
                                 .deadlines = worker_.deadlines,
                                 .lease = request->lease > Duration::zero() ? request->lease : worker_.lease});
    if (stream) {
        read(std::move(stream), frame, request->credit, reply_topic);
    } else if (streams_.is_cancelled(id)) {
        refuse(frame.id, 410, "stream_cancelled", "the stream has been cancelled", reply_topic);
    } else {
        refuse(frame.id, 503, "worker_full", "the worker has as many streams as it may", reply_topic);
    }
}

void MqttIngress::resume(const Frame& frame, std::string_view payload, const std::string& reply_topic) {
    auto stream = streams_.find(to_string(frame.id));
    if (stream) {
        read(std::move(stream), frame, transport::stream::decode_credit(payload), reply_topic);
    } else {
        refuse(frame.id, 404, "stream_unknown", "the worker knows no such stream", reply_topic);
    }
}

// One reader per stream and gateway: a new one takes the place of the old.
void MqttIngress::read(std::shared_ptr<Stream> stream, const Frame& frame, std::uint32_t credit,
                       const std::string& reply_topic) {
    const Key key{frame.id, reply_topic};
    auto& place = readers_[key];
    if (place) {
        place->leave();
    }
    stream->acknowledge(frame.seq);
    place = std::make_shared<MqttReader>(
        MqttReader::Environment{environment_.executor, environment_.clock, *client_, reply_topic}, std::move(stream),
        frame.id, frame.seq, credit);
    tasks_.spawn(run_reader(key, place));
}

asio::awaitable<void> MqttIngress::run_reader(Key key, std::shared_ptr<MqttReader> reader) {
    co_await reader->run();
    if (const auto place = readers_.find(key); place != readers_.end() && place->second == reader) {
        readers_.erase(place);
    }
}

asio::awaitable<void> MqttIngress::cancel(UuidBytes id, std::string reply_topic) {
    co_await streams_.cancel(to_string(id));
    const auto frames = transport::stream::make_frames(FrameType::gone, id, 0, "", transport::stream::kFrameHead);
    static_cast<void>(client_->publish(reply_topic, frames.front(), {}));
}

void MqttIngress::refuse(const UuidBytes& id, unsigned status, std::string_view code, std::string message,
                         const std::string& reply_topic) {
    const transport::stream::Message fail = transport::stream::Fail{
        status, api::encode(api::make_error(status, std::move(message), std::string(code))), "", false};
    publish(*client_, reply_topic, id, 0, fail);
}

}  // namespace lamd::worker
