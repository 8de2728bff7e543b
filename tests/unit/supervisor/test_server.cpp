// A server with two paths, whose ends are played: what happens to it as a whole.
#include "supervisor/server.h"
#include "tests/support/silent_sink.h"
#include "tests/support/upstream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/asio/post.hpp>

#include <map>

namespace lamd::supervisor {
namespace {

using namespace std::chrono_literals;
using config::Mode;
using testing::HasSubstr;
using transport::http::Failure;
using transport::http::FailureKind;
using transport::http::Fields;
using transport::http::Response;
namespace stream = transport::stream;

/// Answers what the test says, or that nobody listens.
class PlayedWay final : public stream::Way {
public:
    using Answers = std::map<std::string, Response>;

    PlayedWay(std::string transport, const Answers& answers) : transport_(std::move(transport)), answers_(answers) {}

    [[nodiscard]] std::string_view transport() const override {
        return transport_;
    }
    [[nodiscard]] const std::string& address() const override {
        return address_;
    }
    [[nodiscard]] asio::awaitable<transport::http::Outcome<stream::Opened>> open(const stream::Opening&) override {
        co_return Failure{};
    }
    [[nodiscard]] asio::awaitable<transport::http::Outcome<std::unique_ptr<stream::Link>>> resume(
        std::string, std::uint64_t) override {
        co_return Failure{};
    }
    [[nodiscard]] asio::awaitable<transport::http::Outcome<void>> cancel(std::string) override {
        co_return Failure{};
    }
    [[nodiscard]] asio::awaitable<ProbeOutcome> post(std::string, std::string, Secret, Duration) override {
        co_return Failure{};
    }
    [[nodiscard]] asio::awaitable<ProbeOutcome> fetch(std::string path, Secret, Duration) override {
        const auto found = answers_.find(path);
        if (found == answers_.end()) {
            co_return Failure{FailureKind::refused, "nobody"};
        }
        co_return found->second;
    }
    [[nodiscard]] bool has_worker() const override {
        return false;
    }
    void abandon(std::string_view) override {
        ++abandoned;
    }

    int abandoned = 0;

private:
    std::string transport_;
    std::string address_ = "gpu.example.org";
    const Answers& answers_;
};

struct ServerTest : testing::Test {
    asio::io_context io;
    SystemClock clock;
    test::SilentSink sink;
    log::Logger logger{sink};
    int changes = 0;
    PlayedWay::Answers answers{{"/health", {200, {}, "{}"}}, {"/v1/models", {200, {}, R"({"data":[]})"}}};
    std::vector<PlayedWay*> ways;
    std::unique_ptr<Server> server = make();

    std::unique_ptr<Server> make(Secret key = {}, std::vector<std::string> transports = {"sse", "mqtt"}) {
        config::Server config;
        config.name = "gpu";
        config.wedged_after = 1ms;
        config.slots = 4;
        auto made = std::make_unique<Server>(config, std::move(key));
        ways.clear();
        for (auto& transport : transports) {
            auto way = std::make_unique<PlayedWay>(transport, answers);
            ways.push_back(way.get());
            made->add({io.get_executor(), clock, logger, [] { return 0.0; }, [this] { ++changes; }}, std::move(way));
        }
        return made;
    }
    Path& sse() {
        return *server->paths().front();
    }
    Path& mqtt() {
        return *server->paths().back();
    }
    void probe() {
        for (const auto& path : server->paths()) {
            test::run(io, path->probe());
        }
    }
    void fall(Path& path) {
        path.observe({.sign = Sign::closed, .message = "cut", .remedy = "", .fate = Fate::tunnel_down});
    }
};

TEST_F(ServerTest, TakesOneRequestAtATimeWhileItIsComingBack) {
    probe();
    server->in_flight = 3;
    EXPECT_TRUE(server->has_room());
    fall(sse());
    fall(mqtt());
    probe();
    EXPECT_EQ(server->state(Mode::automatic), PathState::probing);
    EXPECT_FALSE(server->has_room());
    server->in_flight = 1;
    EXPECT_FALSE(server->has_room());
    server->in_flight = 0;
    EXPECT_TRUE(server->has_room());
    server->in_flight = 1;
    test::run(io, mqtt().probe());
    EXPECT_EQ(mqtt().state(), PathState::up);
    EXPECT_TRUE(server->has_room()) << "one of its paths is up";
}

TEST_F(ServerTest, PrefersThePathThatIsNotHeld) {
    probe();
    EXPECT_EQ(server->usable_paths(Mode::automatic).front(), &sse());
    fall(sse());
    probe();
    probe();
    EXPECT_EQ(sse().state(), PathState::up);
    EXPECT_EQ(server->usable_paths(Mode::automatic).front(), &mqtt());
    EXPECT_TRUE(server->report().front().held_until);
}

TEST_F(ServerTest, SaysNothingOfAHoldWhereThereIsNoOtherPath) {
    server = make({}, {"sse"});
    probe();
    fall(sse());
    probe();
    probe();
    EXPECT_EQ(sse().state(), PathState::up);
    EXPECT_FALSE(server->report().front().held_until);
    EXPECT_EQ(server->report().front().held_because, "");
}

TEST_F(ServerTest, IsNotAskedOnAnyPathOnceItHasSaidNotNow) {
    probe();
    server->take_refusal(sse(), Response{429, Fields{{"Retry-After", "30"}}, "{}"});
    EXPECT_EQ(server->state(Mode::automatic), PathState::saturated);
    EXPECT_TRUE(server->usable_paths(Mode::automatic).empty());
    ASSERT_TRUE(server->saturated_for(Mode::automatic));
    EXPECT_NEAR(seconds(*server->saturated_for(Mode::automatic)), 30, 1);
    EXPECT_THAT(server->trouble(Mode::automatic), HasSubstr("saturated: the server wants no requests for 30s"));
}

TEST_F(ServerTest, TakesToHeartOnlyWhatConcernsIt) {
    probe();
    for (const auto& [status, body] : {std::pair(400U, "{}"), {401U, "{}"}, {404U, "{}"}, {500U, "{}"}, {503U, "{}"}}) {
        server->take_refusal(sse(), Response{status, {}, body});
        EXPECT_EQ(sse().state(), PathState::up) << status;
    }
    server->take_refusal(sse(), Response{503, {}, R"({"error":{"message":"Loading model"}})"});
    EXPECT_EQ(sse().state(), PathState::loading);
    EXPECT_EQ(mqtt().state(), PathState::up);
    server = make(Secret("key"));
    server->take_refusal(sse(), Response{401, {}, "{}"});
    EXPECT_EQ(sse().state(), PathState::misconfigured);
}

struct WatchedServerTest : ServerTest {
    TaskGroup group{io.get_executor()};

    void watch() {
        probe();
        group.spawn(server->watch());
    }
    bool is_soon(Fate fate) {
        return test::run_until(io, [&] { return sse().fate() == fate && mqtt().fate() == fate; });
    }
    void TearDown() override {
        asio::post(io, [this] { group.cancel(); });
        ASSERT_TRUE(test::run_until(io, [&] { return group.size() == 0; }));
    }
};

TEST_F(WatchedServerTest, IsDownOnEveryPathWhenItsSlotsAreStuckAndComesBackWithThem) {
    answers["/slots"] = {200, {}, R"([{"is_processing":true,"next_token":[{"n_decoded":3}]}])"};
    watch();
    Progress::Stream running(server->progress());
    ASSERT_TRUE(is_soon(Fate::wedged));
    EXPECT_EQ(server->state(Mode::automatic), PathState::down);
    EXPECT_THAT(sse().trouble().message, HasSubstr("in 1 running answer: its slots claim to work"));
    EXPECT_THAT(sse().trouble().remedy, HasSubstr("restart server gpu"));
    EXPECT_EQ(ways.front()->abandoned, 0) << "what runs there is left to its deadlines";
    answers["/slots"] = {200, {}, R"([{"is_processing":true,"next_token":[{"n_decoded":4}]}])"};
    ASSERT_TRUE(is_soon(Fate::none));
    EXPECT_EQ(server->state(Mode::automatic), PathState::probing);
}

TEST_F(WatchedServerTest, ComesBackAtOnceWithAToken) {
    answers["/slots"] = {404, {}, "{}"};
    watch();
    Progress::Stream running(server->progress());
    ASSERT_TRUE(is_soon(Fate::wedged));
    {
        const Progress::Delivery token(server->progress());
        EXPECT_EQ(server->state(Mode::automatic), PathState::probing);
    }
}

TEST_F(WatchedServerTest, IsNotLookedIntoWithoutStreams) {
    answers["/slots"] = {404, {}, "{}"};
    watch();
    io.restart();
    io.poll();
    {
        const Progress::Stream brief(server->progress());
    }
    io.restart();
    io.poll();
    EXPECT_EQ(server->state(Mode::automatic), PathState::up);
    EXPECT_EQ(server->progress().machine().next_look(), std::nullopt);
}

}  // namespace
}  // namespace lamd::supervisor
