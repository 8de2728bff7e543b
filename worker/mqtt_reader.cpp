#include "worker/mqtt_reader.h"

#include "transport/stream/control.h"
#include "transport/stream/frame_form.h"

#include <algorithm>
#include <utility>

namespace lamd::worker {

namespace {

using transport::stream::Data;
using transport::stream::FrameType;
using transport::stream::Message;

constexpr Duration kGather = std::chrono::milliseconds(20);

bool publish_payload(transport::mqtt::Client& client, const std::string& topic, FrameType type, const UuidBytes& id,
                     std::uint64_t seq, std::string_view payload) {
    const std::size_t room = transport::mqtt::payload_room(topic, client.packet_limit(), {});
    for (const auto& frame : transport::stream::make_frames(type, id, seq, payload, room)) {
        if (!client.publish(topic, frame, {})) {
            return false;
        }
    }
    return true;
}

bool is_event(const Message& message) {
    return std::holds_alternative<Data>(message);
}

}  // namespace

bool publish(transport::mqtt::Client& client, const std::string& topic, const UuidBytes& id, std::uint64_t seq,
             const Message& message) {
    return publish_payload(client, topic, type_of(message), id, seq, encode_control(message));
}

MqttReader::MqttReader(Environment environment, std::shared_ptr<Stream> stream, UuidBytes id, std::uint64_t seq,
                       std::uint32_t credit)
    : environment_(std::move(environment)),
      id_(id),
      stream_(stream),
      reader_(environment_.executor, environment_.clock, std::move(stream), seq, StreamReader::Keeping::by_credit),
      window_(credit),
      credited_(environment_.executor) {}

// The first event goes at once; behind it at most one frame in each span of kGather, with what has come meanwhile,
// unless that is plenty. The event that llama-server begins with has no content: the second one goes at once, too.
asio::awaitable<void> MqttReader::run() {
    Instant next_send = environment_.clock.now();
    while (!has_left_) {
        co_await reader_.gather(next_send);
        co_await wait_for_credit();
        const auto messages = co_await reader_.next();
        if (messages.empty() || has_left_ || !send(messages)) {
            co_return;
        }
        if (std::ranges::any_of(messages, is_event)) {
            next_send = environment_.clock.now() + (std::exchange(has_sent_event_, true) ? kGather : Duration::zero());
        }
    }
}

// A gateway that does not hear of the stream would look for another way; and by the beat it sees what has not arrived.
// One that has died gives no credit any more, and nobody says so: once the lease is over it is left alone.
asio::awaitable<void> MqttReader::wait_for_credit() {
    while (sent_ - arrived_ >= window_ && !has_left_) {
        if (is_unwanted()) {
            has_left_ = true;
            co_return;
        }
        credited_.clear();
        const bool is_credited = co_await credited_.wait_until(environment_.clock.now() + kBeat);
        if (!is_credited && !publish(environment_.client, environment_.reply_topic, id_, 0, reader_.beat())) {
            has_left_ = true;
        }
    }
}

bool MqttReader::is_unwanted() const {
    const auto& ending = stream_->ending();
    return environment_.clock.now() >= stream_->lease_end() || (ending && ending->kind == Ending::Kind::cancelled);
}

void MqttReader::credit(std::uint64_t seq, std::uint32_t bytes) {
    while (!under_way_.empty() && under_way_.front().next <= seq) {
        arrived_ = under_way_.front().total;
        under_way_.pop_front();
    }
    window_ = bytes;
    stream_->acknowledge(seq);
    credited_.set();
}

void MqttReader::leave() {
    has_left_ = true;
    credited_.set();
}

// Events that follow each other travel together.
bool MqttReader::send(const std::vector<Message>& messages) {
    std::string events;
    std::uint64_t first = 0;
    for (const auto& message : messages) {
        if (const auto* data = std::get_if<Data>(&message)) {
            first = events.empty() ? data->seq : first;
            transport::stream::append_event(data->bytes, events);
            sent_ += data->bytes.size();
            under_way_.push_back({data->seq + 1, sent_});
            continue;
        }
        if (!send_events(first, events)) {
            return false;
        }
        events.clear();
        if (!publish(environment_.client, environment_.reply_topic, id_, 0, message)) {
            return false;
        }
    }
    return send_events(first, events);
}

bool MqttReader::send_events(std::uint64_t seq, const std::string& payload) {
    return payload.empty() ||
           publish_payload(environment_.client, environment_.reply_topic, FrameType::events, id_, seq, payload);
}

}  // namespace lamd::worker
