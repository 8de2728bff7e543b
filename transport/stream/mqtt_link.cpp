#include "transport/stream/mqtt_link.h"

#include "base/uuid.h"
#include "transport/stream/request_form.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace lamd::transport::stream {

namespace {

constexpr Duration kCreditAtLeast = std::chrono::seconds(1);  ///< the worker's lease begins again with each
constexpr Duration kPatience = std::chrono::seconds(1);       ///< with what comes of the time before this link

}  // namespace

MqttLink::MqttLink(MqttBus& bus, std::string worker, UuidBytes id, std::uint64_t seq)
    : bus_(bus),
      worker_(std::move(worker)),
      id_(id),
      place_(bus.links_.emplace(id, this)),
      changed_(bus.executor_),
      expected_(seq),
      patient_until_(bus.clock_.now() + kPatience),
      next_(seq),
      credited_(bus.clock_.now()) {}

MqttLink::~MqttLink() {
    bus_.links_.erase(place_);
    bus_.reassembly_.forget(id_);
}

// Also while nobody takes what has come, because the caller is slow: the worker must know that the stream is wanted.
void MqttLink::push(const std::vector<Message>& messages) {
    for (const auto& message : messages) {
        if (is_stale(message)) {
            continue;
        }
        const bool is_answer = !std::holds_alternative<Data>(message) && !std::holds_alternative<Beat>(message);
        is_current_ = is_current_ || is_answer;
        if (const auto* data = std::get_if<Data>(&message)) {
            expected_ = std::max(expected_, data->seq + 1);
        }
        messages_.push_back(message);
        changed_.set();
    }
    if (bus_.clock_.now() >= credited_ + kCreditAtLeast) {
        credit();
    }
}

// What was sent before the worker heard of this link shows the very gap that the link is to fill. The worker's answer
// to it begins with the head; where that is lost, the time is over some day.
bool MqttLink::is_stale(const Message& message) const {
    if (is_current_ || bus_.clock_.now() >= patient_until_) {
        return false;
    }
    const auto* data = std::get_if<Data>(&message);
    const auto* beat = std::get_if<Beat>(&message);
    const auto* end = std::get_if<End>(&message);
    return (data != nullptr && data->seq > expected_) || (beat != nullptr && beat->next > expected_) ||
           (end != nullptr && end->totals.events > expected_);
}

void MqttLink::fail(http::FailureKind kind, const MqttBus::Obstacle& why) {
    failure_ = MqttBus::failure(kind, why, true);
    changed_.set();
}

asio::awaitable<http::Outcome<std::vector<Message>>> MqttLink::next() {
    if (messages_.empty() && !failure_) {
        changed_.clear();
        const bool is_heard = co_await changed_.wait_until(bus_.clock_.now() + kSilence);
        if (!is_heard) {
            co_return MqttBus::failure(http::FailureKind::timeout, bus_.silence(worker_), true);
        }
    }
    if (messages_.empty()) {
        co_return *failure_;
    }
    auto taken = std::exchange(messages_, {});
    take(taken);
    co_return taken;
}

// Half of the window at a time, so that the worker need not stop.
void MqttLink::take(const std::vector<Message>& taken) {
    for (const auto& message : taken) {
        if (const auto* data = std::get_if<Data>(&message)) {
            uncredited_ += data->bytes.size();
            next_ = std::max(next_, data->seq + 1);
        }
    }
    if (uncredited_ >= kWindow / 2) {
        credit();
    }
}

void MqttLink::credit() {
    uncredited_ = 0;
    credited_ = bus_.clock_.now();
    static_cast<void>(bus_.send(worker_, FrameType::credit, id_, next_, encode_credit(kWindow)));
}

http::Outcome<std::unique_ptr<Link>> MqttWay::begin(FrameType type, std::string_view id, std::uint64_t seq,
                                                    std::string_view payload) {
    if (const auto obstacle = bus_.obstacle(worker_)) {
        return MqttBus::failure(http::FailureKind::refused, *obstacle, false);
    }
    const auto bytes = uuid_bytes(id);
    if (!bytes) {
        return http::Failure{http::FailureKind::local, "the id of a stream is no UUID", false};
    }
    auto link = std::make_unique<MqttLink>(bus_, worker_, *bytes, seq);
    if (const auto sent = bus_.send(worker_, type, *bytes, seq, payload); !sent) {
        return http::Failure{http::FailureKind::closed, sent.error().message, true, "", http::Layer::broker};
    }
    return std::unique_ptr<Link>(std::move(link));
}

asio::awaitable<http::Outcome<Opened>> MqttWay::open(const Opening& opening) {
    OpenPayload payload;
    payload.path = opening.path;
    payload.content_type = opening.content_type;
    payload.body = opening.body;
    auto link = begin(FrameType::open, opening.id, 0, encode_open(payload));
    if (!link) {
        co_return link.error();
    }
    co_return Opened(std::move(*link));
}

asio::awaitable<http::Outcome<std::unique_ptr<Link>>> MqttWay::resume(std::string id, std::uint64_t seq) {
    co_return begin(FrameType::resume, id, seq, encode_credit(kWindow));
}

asio::awaitable<http::Outcome<void>> MqttWay::cancel(std::string id) {
    auto link = begin(FrameType::cancel, id, 0, "");
    if (!link) {
        co_return link.error();
    }
    for (;;) {
        const auto messages = co_await (*link)->next();
        if (!messages) {
            co_return messages.error();
        }
        const auto is_gone = [](const Message& message) { return std::holds_alternative<Gone>(message); };
        if (std::ranges::any_of(*messages, is_gone)) {
            co_return http::Outcome<void>();
        }
    }
}

asio::awaitable<http::Outcome<http::Response>> MqttWay::fetch(std::string path, Secret, Duration limit) {
    OpenPayload payload;
    payload.method = "GET";
    payload.path = std::move(path);
    return ask(std::move(payload), limit);
}

asio::awaitable<http::Outcome<http::Response>> MqttWay::post(std::string path, std::string body, Secret,
                                                             Duration limit) {
    OpenPayload payload;
    payload.path = std::move(path);
    payload.body = std::move(body);
    return ask(std::move(payload), limit);
}

asio::awaitable<http::Outcome<http::Response>> MqttWay::ask(OpenPayload payload, Duration limit) {
    auto link = begin(FrameType::open, make_uuid_v7(bus_.clock_.wall()), 0, encode_open(payload));
    if (!link) {
        co_return link.error();
    }
    const Instant until = bus_.clock_.now() + limit;
    http::Response response;
    response.fields.push_back({"Lam-Worker", worker_});
    while (bus_.clock_.now() < until) {
        auto messages = co_await (*link)->next();
        if (!messages) {
            co_return messages.error();
        }
        for (auto& message : *messages) {
            if (const auto* head = std::get_if<Head>(&message)) {
                response.status = head->status;
                response.fields.push_back({"Content-Type", head->content_type});
            } else if (auto* data = std::get_if<Data>(&message)) {
                response.body += data->bytes;
            } else if (std::holds_alternative<End>(message)) {
                co_return response;
            } else if (auto* fail = std::get_if<Fail>(&message)) {
                response.status = fail->status;
                response.body = std::move(fail->error);
                co_return response;
            }
        }
    }
    co_return http::Failure{http::FailureKind::timeout,
                            fmt::format("worker {} answers, but its server did not within {}", worker_, human(limit)),
                            true, "restart the model's server next to worker " + worker_, http::Layer::server};
}

std::unique_ptr<Way> MqttBus::make_way(std::string worker) {
    return std::make_unique<MqttWay>(*this, std::move(worker));
}

}  // namespace lamd::transport::stream
