#include "worker/legacy/ingress.h"

#include "api/error.h"
#include "base/text_file.h"
#include "base/uuid.h"

#include <utility>

namespace lamd::worker::legacy {

namespace {

using namespace std::chrono_literals;
namespace wire = transport::legacy;

constexpr Duration kStatusEvery = 30s;
constexpr Duration kSettleEvery = 1s;

std::string make_id() {
    constexpr std::size_t kDigits = 8;
    return make_uuid_v4().substr(0, kDigits);
}

// In the words of these topics.
Answer answer_of(const Stream& stream) {
    const auto& ending = *stream.ending();
    switch (ending.kind) {
        case Ending::Kind::complete:
            return {Answer::Kind::complete, std::string(stream.journal().at(0).value_or(""))};
        case Ending::Kind::cancelled:
            return {Answer::Kind::failed, "the answer was cancelled"};
        case Ending::Kind::failed:
            break;
    }
    const bool is_busy = ending.status == 429 || (ending.status == 503 && !ending.retry_after.empty());
    const auto error = api::decode_error(ending.error);
    return {is_busy ? Answer::Kind::busy : Answer::Kind::failed, error ? error->message : "the server failed"};
}

// Follows a stream while it runs; one that is not followed to its end is given up.
class Following {
public:
    Following(const asio::any_io_executor& executor, Streams& streams, std::shared_ptr<Stream> stream)
        : streams_(streams), stream_(std::move(stream)), changed_(executor) {
        stream_->tell(changed_);
    }
    Following(const Following&) = delete;
    Following& operator=(const Following&) = delete;
    ~Following() {
        stream_->forget(changed_);
        streams_.give_up(stream_->request().id);
    }

    [[nodiscard]] asio::awaitable<void> to_the_end(const Clock& clock) {
        while (!stream_->ending()) {
            stream_->keep();
            changed_.clear();
            co_await changed_.wait_until(clock.now() + stream_->request().lease / 2);
        }
        stream_->acknowledge(0);
    }

private:
    Streams& streams_;
    std::shared_ptr<Stream> stream_;
    Event changed_;
};

transport::mqtt::Settings settings_of(config::Mqtt config, const config::Legacy& legacy) {
    transport::mqtt::Settings settings;
    settings.config = std::move(config);
    settings.client_id = legacy.service;
    for (const auto& project : legacy.projects) {
        for (auto& filter : wire::bridge_filters(project.name, project.has_state)) {
            settings.subscriptions.push_back({std::move(filter), 1});
        }
    }
    settings.will = transport::mqtt::Will{wire::status_topic(legacy.projects.front().name),
                                          wire::encode_offline(legacy.service), false};
    return settings;
}

}  // namespace

Ingress::Ingress(const transport::mqtt::Environment& environment, const config::Worker& worker, config::Mqtt config,
                 Streams& streams)
    : environment_(environment),
      worker_(worker),
      legacy_(*worker.legacy),
      streams_(streams),
      status_topic_(wire::status_topic(legacy_.projects.front().name)),
      desk_(legacy_, read_prompts(), make_id),
      answers_(environment.executor),
      tasks_(environment.executor),
      client_(transport::mqtt::Client::create(environment_, settings_of(std::move(config), legacy_), *this)) {}

std::map<std::string, std::string> Ingress::read_prompts() const {
    std::map<std::string, std::string> prompts;
    for (const auto& project : legacy_.projects) {
        auto& prompt = prompts[project.name];
        prompt = project.system_prompt;
        if (project.system_prompt_file) {
            auto text = read_text("the system prompt", *project.system_prompt_file);
            if (text) {
                prompt = std::move(*text);
            } else {
                environment_.log.error("project " + project.name + ": " + text.error().message);
            }
        }
    }
    return prompts;
}

void Ingress::start() {
    client_->start();
    tasks_.spawn(beat());
    tasks_.spawn(settle());
}

asio::awaitable<void> Ingress::drain(Instant deadline) {
    constexpr Duration kLook = 20ms;
    desk_.close();
    environment_.log.debug("no new messages are taken on the legacy topics");
    while (!desk_.is_idle() && environment_.clock.now() < deadline) {
        co_await sleep_until(environment_.clock.now() + kLook);
    }
}

asio::awaitable<void> Ingress::stop() {
    tasks_.cancel();
    answers_.cancel();
    co_await tasks_.join();
    co_await answers_.join();
    static_cast<void>(client_->publish(status_topic_, wire::encode_offline(legacy_.service), {}));
    co_await client_->stop();
}

Report Ingress::report() {
    Report report{.projects = {}, .counts = desk_.counts(environment_.clock.now()), .broker = client_->report()};
    for (const auto& project : legacy_.projects) {
        report.projects.push_back(project.name);
    }
    return report;
}

void Ingress::connected() {
    say_online();
    flush();
}

void Ingress::disconnected() {
    outbox_.lost();
}

// What was retained is not meant for now.
void Ingress::received(transport::mqtt::Message message) {
    if (!message.is_retained) {
        perform(desk_.take(message.topic, message.payload, environment_.clock.now()));
    }
}

void Ingress::perform(std::vector<Action> actions) {
    for (auto& action : actions) {
        if (auto* const publication = std::get_if<Publication>(&action)) {
            outbox_.add(std::move(*publication));
        } else if (auto* const work = std::get_if<Work>(&action)) {
            answers_.spawn(answer(std::move(*work)));
        } else {
            environment_.log.warning(std::get<Warning>(action).text);
        }
    }
    flush();
}

asio::awaitable<void> Ingress::answer(Work work) {
    const auto answer = co_await ask(work.body);
    perform(desk_.answered(work, answer, environment_.clock.now()));
}

asio::awaitable<Answer> Ingress::ask(const std::string& body) {
    auto deadlines = worker_.deadlines;
    deadlines.first = deadlines.total = legacy_.timeout;
    StreamRequest request;
    request.id = make_uuid_v7(environment_.clock.wall());
    request.path = "/v1/chat/completions";
    request.body = body;
    request.deadlines = deadlines;
    request.lease = worker_.lease;
    auto stream = streams_.open(std::move(request));
    if (!stream) {
        co_return Answer{Answer::Kind::busy, "the worker has as many streams as it may"};
    }
    Following following(environment_.executor, streams_, stream);
    co_await following.to_the_end(environment_.clock);
    co_return answer_of(*stream);
}

asio::awaitable<void> Ingress::beat() {
    for (;;) {
        co_await sleep_until(environment_.clock.now() + kStatusEvery);
        say_online();
    }
}

asio::awaitable<void> Ingress::settle() {
    for (;;) {
        co_await sleep_until(environment_.clock.now() + kSettleEvery);
        if (client_->is_up() && client_->pending().messages == 0) {
            outbox_.acknowledged();
        }
        flush();
    }
}

void Ingress::say_online() {
    const auto status = wire::encode_online(legacy_.service, environment_.clock.wall());
    static_cast<void>(client_->publish(status_topic_, status, {.qos = 0}));
}

void Ingress::flush() {
    while (const auto* const next = outbox_.next()) {
        const auto size = transport::mqtt::packet_size(next->topic, next->payload.size(), {});
        if (client_->is_up() && size > client_->packet_limit()) {
            environment_.log.error("an answer is larger than the broker allows, and is lost: " + next->topic);
            outbox_.drop();
        } else if (client_->publish(next->topic, next->payload, {})) {
            outbox_.sent();
        } else {
            return;
        }
    }
}

}  // namespace lamd::worker::legacy
