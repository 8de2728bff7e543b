// How a stream is carried by ways that fail: how often they are asked, and how long they are hoped for.
#include "gateway/carrier.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>

namespace lamd::gateway {
namespace {

using namespace std::chrono_literals;
using transport::http::Failure;
using transport::http::FailureKind;
using transport::http::Outcome;
using transport::stream::Fail;
using transport::stream::Link;
using transport::stream::Message;
using transport::stream::Opened;
using transport::stream::ToldLink;

struct Silence final : log::Sink {
    void write(log::Level, std::string_view, std::span<const log::Field>) override {}
};

/// A way whose answers the test gives; it counts how often it was asked.
class ScriptedWay final : public transport::stream::Way {
public:
    using Answer = std::function<std::unique_ptr<Link>()>;

    ScriptedWay(const Clock& clock, Answer answer) : clock_(clock), answer_(std::move(answer)) {}

    static Failure refusal() {
        return Failure{FailureKind::refused, "nobody listens", false};
    }

    [[nodiscard]] std::string_view transport() const override {
        return "mqtt";
    }
    [[nodiscard]] const std::string& address() const override {
        return address_;
    }
    asio::awaitable<Outcome<Opened>> open(const transport::stream::Opening&) override {
        ++opened;
        co_await sleep_until(clock_.now() + 1ms);
        auto link = ask();
        if (!link) {
            co_return link.error();
        }
        co_return Opened(std::move(*link));
    }
    asio::awaitable<Outcome<std::unique_ptr<Link>>> resume(std::string, std::uint64_t) override {
        co_return ask();
    }
    asio::awaitable<Outcome<void>> cancel(std::string) override {
        co_return Outcome<void>();
    }
    asio::awaitable<Outcome<transport::http::Response>> post(std::string, std::string, Secret, Duration) override {
        co_return refusal();
    }
    asio::awaitable<Outcome<transport::http::Response>> fetch(std::string, Secret, Duration) override {
        if (clock_.now() < back) {
            co_return refusal();
        }
        co_return transport::http::Response{200, {}, "{}"};
    }
    [[nodiscard]] bool has_worker() const override {
        return true;
    }
    [[nodiscard]] bool can_resume() const override {
        return resumes;
    }
    void abandon(std::string_view) override {}

    bool resumes = true;
    Instant back{};  ///< until then nobody is there
    int opened = 0;

private:
    Outcome<std::unique_ptr<Link>> ask() {
        if (clock_.now() < back) {
            return refusal();
        }
        return answer_();
    }

    const Clock& clock_;
    Answer answer_;
    std::string address_ = "gpu";
};

struct CarrierTest : testing::Test {
    asio::io_context io;
    SystemClock clock;
    Silence sink;
    log::Logger logger{sink};
    config::Mode mode{};
    supervisor::Server server{config::Server{.name = "gpu"}, Secret()};
    ScriptedWay* way = nullptr;
    std::unique_ptr<Carrier> carrier;
    std::optional<Carrier::State> ended;

    void make(ScriptedWay::Answer answer, Duration patience_refused = 2500ms) {
        auto made = std::make_unique<ScriptedWay>(clock, std::move(answer));
        way = made.get();
        server.add(supervisor::PathEnvironment{io.get_executor(), clock, logger, [] { return 0.5; }, [] {}},
                   std::move(made));
        carrier = std::make_unique<Carrier>(Carrier::Environment{.clock = clock,
                                                                 .mode = mode,
                                                                 .on_hop = [](const Hop&) {},
                                                                 .patience = 10s,
                                                                 .patience_refused = patience_refused},
                                            server, transport::stream::Opening{.id = "x", .path = "/v1/x"},
                                            Assembly::Wanted{});
    }

    asio::awaitable<void> carry() {
        for (;;) {
            const auto step = co_await carrier->next();
            if (step.state != Carrier::State::running) {
                ended = step.state;
                co_return;
            }
        }
    }

    /// Carries for so long, or until the stream has ended.
    void run(Duration limit) {
        TaskGroup tasks(io.get_executor());
        tasks.spawn(carry());
        tasks.spawn(server.paths().front()->run());
        const auto end = clock.now() + limit;
        while (!ended && clock.now() < end) {
            io.run_one_for(10ms);
        }
        tasks.cancel();
        while (tasks.size() > 0) {
            io.run_one_for(10ms);
        }
    }
};

Message unknown() {
    return Fail{404, R"({"error":{"message":"no","code":"stream_unknown"}})", "", false};
}

TEST_F(CarrierTest, AStreamThatTheWorkerDoesNotKnowIsOpenedAgainWithPauses) {
    make([] { return std::make_unique<ToldLink>(unknown()); });
    run(300ms);
    EXPECT_FALSE(ended);
    EXPECT_GE(way->opened, 2);
    EXPECT_LE(way->opened, 7) << "a worker that cannot do better would be asked as fast as it answers";
}

TEST_F(CarrierTest, AWorkerThatIsBeingStoppedIsAskedUntilThePatienceEnds) {
    make([] { return std::make_unique<ToldLink>(Fail{503, R"({"error":{"code":"worker_stopping"}})", "", false}); },
         400ms);
    const auto begun = clock.now();
    run(5s);
    EXPECT_EQ(ended, Carrier::State::lost) << "another server may be asked, or the caller told";
    EXPECT_GE(way->opened, 2);
    EXPECT_GE(clock.now() - begun, 400ms);
}

TEST_F(CarrierTest, AWayThatIsBackWithinThePatienceIsTaken) {
    make([] { return std::make_unique<ToldLink>(Fail{500, "{}", "", true}); }, 1000ms);
    way->back = clock.now() + 700ms;
    carrier->is_begun();
    run(5s);
    EXPECT_EQ(ended, Carrier::State::failed) << "the worker's own answer, not that it is lost";
}

TEST_F(CarrierTest, AWayThatCannotGoOnWithAStreamIsNotAsked) {
    make([] { return std::make_unique<ToldLink>(Fail{500, "{}", "", true}); }, 200ms);
    way->resumes = false;
    run(5s);
    EXPECT_EQ(ended, Carrier::State::lost) << "and is nothing to hope for";
    EXPECT_EQ(way->opened, 0);
}

TEST_F(CarrierTest, AWorkerThatNobodyReachesIsGivenUpAfterThePatience) {
    make([] { return nullptr; }, 400ms);
    way->back = Instant::max();
    carrier->is_begun();
    const auto begun = clock.now();
    run(5s);
    EXPECT_EQ(ended, Carrier::State::lost);
    EXPECT_GE(clock.now() - begun, 400ms);
    EXPECT_LT(clock.now() - begun, 1500ms);
}

}  // namespace
}  // namespace lamd::gateway
