#include "transport/legacy/bridge_way.h"

#include "api/error.h"
#include "api/parse.h"
#include "transport/legacy/bridge_answer.h"
#include "transport/legacy/bridge_request.h"
#include "transport/legacy/topics.h"
#include "transport/openai/request_body.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace lamd::transport::legacy {

namespace {

using namespace std::chrono_literals;
using http::FailureKind;
using http::Layer;

constexpr Duration kLook = 1s;  ///< how often a call sees whether the bridge is still there

/// An answer that is there already.
class ToldExchange final : public http::Exchange {
public:
    explicit ToldExchange(http::Response response) : response_(std::move(response)) {}

    [[nodiscard]] asio::awaitable<http::Outcome<http::Head>> head() override {
        co_return http::Head{response_.status, response_.fields};
    }
    [[nodiscard]] asio::awaitable<http::Outcome<std::optional<std::string>>> read() override {
        std::optional<std::string> body;
        if (!std::exchange(is_read_, true)) {
            body = std::move(response_.body);
        }
        co_return body;
    }
    [[nodiscard]] bool is_readable() const override {
        return !is_read_;
    }
    [[nodiscard]] bool is_over() const override {
        return is_read_;
    }
    void hurry(Duration) override {}
    void expect(Duration, Duration) override {}
    void until(Instant) override {}
    void abort(std::string_view) override {}

private:
    http::Response response_;
    bool is_read_ = false;
};

stream::Opened plain(http::Response response) {
    http::Head head{response.status, response.fields};
    return stream::Plain{std::make_unique<ToldExchange>(std::move(response)), std::move(head)};
}

http::Response error_response(unsigned status, std::string message, std::string code) {
    return {status,
            {{"Content-Type", "application/json"}},
            api::encode(api::make_error(status, std::move(message), std::move(code)))};
}

// Another server may well understand what a bridge does not.
http::Response unsupported(std::string message) {
    return error_response(501, std::move(message), "unsupported_by_bridge");
}

Instant due(Instant now, const http::ClientDeadlines& deadlines) {
    Instant until = Instant::max();
    for (const Duration limit : {deadlines.first, deadlines.total}) {
        until = limit > Duration::zero() ? std::min(until, now + limit) : until;
    }
    return until;
}

}  // namespace

BridgeCall::BridgeCall(BridgeBus& bus, std::string project, const std::string& id)
    : bus_(bus),
      project_(std::move(project)),
      session_("lamd-" + id),
      id_(id),
      reply_topic_(response_topic(project_, fmt::format("{}/{}/{}", session_, bus_.client_name_, id))),
      changed_(bus_.executor_) {
    bus_.calls_[reply_topic_] = this;
}

BridgeCall::~BridgeCall() {
    bus_.calls_.erase(reply_topic_);
    if (is_sent_ && bus_.client_->is_up()) {
        const nlohmann::json target{{"sessionId", session_}};
        static_cast<void>(bus_.client_->publish(topic(project_, Subject::delete_session), api::dump_json(target), {}));
    }
}

http::Outcome<void> BridgeCall::send(UserInput input) {
    input.session = session_;
    input.reply_topic = reply_topic_;
    input.client = bus_.client_name_;
    input.request = id_;
    const auto to = topic(project_, Subject::user_input);
    const auto payload = encode(input);
    if (mqtt::packet_size(to, payload.size(), {}) > bus_.client_->packet_limit()) {
        return http::Failure{FailureKind::local, "the request is larger than the broker allows", false};
    }
    if (const auto sent = bus_.client_->publish(to, payload, {}); !sent) {
        return http::Failure{FailureKind::refused, sent.error().message, false, "", Layer::broker};
    }
    is_sent_ = true;
    return {};
}

asio::awaitable<http::Outcome<std::string>> BridgeCall::wait(Instant due) {
    while (!outcome_) {
        const Instant now = bus_.clock_.now();
        if (now >= due) {
            co_return http::Failure{FailureKind::timeout,
                                    fmt::format("the bridge of project {} did not answer in time", project_), true,
                                    "look into the log of the bridge, and of the server behind it", Layer::worker};
        }
        if (presence().is_lost(now)) {
            co_return bus_.absence(project_);
        }
        changed_.clear();
        co_await changed_.wait_until(std::min(due, now + kLook));
    }
    co_return *outcome_;
}

void BridgeCall::reply(std::string text) {
    if (!outcome_) {
        outcome_ = std::move(text);
        changed_.set();
    }
}

void BridgeCall::fail(const http::Failure& why) {
    if (!outcome_) {
        outcome_ = why;
        changed_.set();
    }
}

const BridgePresence& BridgeCall::presence() const {
    return bus_.known_.at(project_).presence;
}

asio::awaitable<http::Outcome<stream::Opened>> BridgeWay::open(const stream::Opening& opening) {
    const bool is_chat = opening.path == "/v1/chat/completions";
    auto input = is_chat ? fold(opening.body) : Result<UserInput>(Error{"a bridge answers chats only"});
    if (!input) {
        co_return plain(unsupported(input.error().message));
    }
    if (const auto why = bus_.obstacle(project_)) {
        co_return *why;
    }
    BridgeCall call(bus_, project_, opening.id);
    if (const auto sent = call.send(std::move(*input)); !sent) {
        co_return sent.error();
    }
    const auto reply = co_await call.wait(due(bus_.clock_.now(), opening.deadlines));
    if (!reply) {
        co_return reply.error();
    }
    const auto body = openai::read_request_body(opening.body);
    AnswerFacts facts;
    facts.id = opening.id;
    facts.model = body->model.empty() ? project_ : body->model;
    facts.created = std::chrono::duration_cast<std::chrono::seconds>(bus_.clock_.wall().time_since_epoch()).count();
    facts.is_stream = body->is_stream;
    co_return plain(make_answer(facts, *reply));
}

asio::awaitable<http::Outcome<std::unique_ptr<stream::Link>>> BridgeWay::resume(std::string id, std::uint64_t) {
    if (const auto why = bus_.obstacle(project_)) {
        co_return *why;
    }
    stream::Fail fail;
    fail.status = 404;
    fail.error = api::encode(api::make_error(404, "a bridge knows no stream " + id, "stream_unknown"));
    fail.may_have_run = false;
    co_return std::unique_ptr<stream::Link>(std::make_unique<stream::ToldLink>(std::move(fail)));
}

asio::awaitable<http::Outcome<void>> BridgeWay::cancel(std::string) {
    co_return http::Outcome<void>();  // the call has gone with its caller
}

asio::awaitable<http::Outcome<http::Response>> BridgeWay::fetch(std::string path, Secret, Duration limit) {
    if (path == "/health") {
        co_return co_await look(limit);
    }
    if (path != "/v1/models") {
        co_return error_response(404, "a bridge has no " + path, "not_found");
    }
    if (const auto why = bus_.obstacle(project_)) {
        co_return *why;
    }
    const nlohmann::json models{{"object", "list"},
                                {"data", {{{"id", project_}, {"object", "model"}, {"owned_by", "bridge"}}}}};
    co_return http::Response{200, {{"Content-Type", "application/json"}}, api::dump_json(models)};
}

asio::awaitable<http::Outcome<http::Response>> BridgeWay::post(std::string path, std::string, Secret, Duration) {
    co_return error_response(404, "a bridge has no " + path, "not_found");
}

// One that has not been heard of lately is asked for a sign. That it gives none proves nothing before its status is
// long overdue.
asio::awaitable<http::Outcome<http::Response>> BridgeWay::look(Duration limit) {
    auto& known = bus_.known_.at(project_);
    if (known.presence.is_doubtful(bus_.clock_.now())) {
        known.heard.clear();
        bus_.ask_for_sign(project_);
    }
    if (const auto why = bus_.obstacle(project_)) {
        co_return *why;
    }
    if (known.presence.state(bus_.clock_.now()) == BridgePresence::State::unknown) {
        const bool is_heard = co_await known.heard.wait_until(bus_.clock_.now() + limit);
        if (!is_heard) {
            auto failure = bus_.absence(project_);
            failure.kind = FailureKind::timeout;
            co_return failure;
        }
    }
    co_return http::Response{200, {}, ""};
}

}  // namespace lamd::transport::legacy
