// A path against scripted servers: what is asked, and what is made of the answers.
#include "supervisor/path.h"
#include "tests/support/upstream.h"
#include "transport/stream/http_way.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/asio/post.hpp>

#include <map>

namespace lamd::supervisor {
namespace {

using namespace std::chrono_literals;
using test::Connection;
using test::Upstream;
using testing::ElementsAre;
using testing::HasSubstr;
using transport::http::Failure;
using transport::http::FailureKind;
using transport::http::Response;

// The answers by route; what is not there is 404.
using Answers = std::map<std::string, std::pair<int, std::string>>;

std::string answer_to(const std::string& request, const Answers& answers) {
    const auto route = request.substr(4, request.find(' ', 4) - 4);
    const auto found = answers.find(route);
    const auto [status, body] = found == answers.end() ? std::pair(404, std::string("{}")) : found->second;
    return fmt::format("HTTP/1.1 {} X\r\nContent-Length: {}\r\n\r\n{}", status, body.size(), body);
}

asio::awaitable<void> serve(Connection& connection, const Answers& answers) {
    for (auto request = co_await connection.request(); request; request = co_await connection.request()) {
        const auto answer = answer_to(*request, answers);
        co_await connection.send(answer);
    }
}

class NoSink final : public log::Sink {
public:
    void write(log::Level, std::string_view, std::span<const log::Field>) override {}
};

class ShiftedClock final : public Clock {
public:
    [[nodiscard]] Instant now() const override {
        return std::chrono::steady_clock::now() + shift;
    }
    [[nodiscard]] WallTime wall() const override {
        return std::chrono::system_clock::now();
    }
    Duration shift{};
};

struct PathTest : testing::Test {
    asio::io_context io;
    ShiftedClock clock;
    NoSink sink;
    log::Logger logger{sink};
    std::unique_ptr<transport::http::Client> client = transport::http::Client::create(io.get_executor());
    int changes = 0;
    Answers answers{{"/health", {200, "{}"}}, {"/v1/models", {200, R"({"data":[{"id":"m","aliases":["n"],"x":1}]})"}}};
    std::unique_ptr<Upstream> upstream = std::make_unique<Upstream>(
        io, Upstream::Kind::local, [this](Connection& connection) { return serve(connection, answers); });
    config::Server server;
    Secret secret;
    std::unique_ptr<Path> path = make();

    std::unique_ptr<Path> make(std::vector<std::string> models = {}, Secret key = {}) {
        server.name = "gpu";
        server.models = std::move(models);
        secret = std::move(key);
        return std::make_unique<Path>(
            PathEnvironment{io.get_executor(), clock, logger, [] { return 0.5; }, [this] { ++changes; }}, server,
            secret, std::make_unique<transport::stream::HttpWay>(*client, upstream->base(), 1s));
    }
    PathState probe(int times = 1) {
        for (int i = 0; i < times; ++i) {
            test::run(io, path->probe());
        }
        return path->state();
    }
    std::vector<std::string> routes() const {
        std::vector<std::string> routes;
        for (const auto& request : upstream->requests()) {
            routes.push_back(request.substr(0, request.find(" HTTP")));
        }
        return routes;
    }
};

TEST_F(PathTest, AsksForHealthAndOnceForTheModels) {
    EXPECT_EQ(probe(3), PathState::up);
    EXPECT_THAT(routes(), ElementsAre("GET /health", "GET /v1/models", "GET /health", "GET /health"));
    EXPECT_EQ(upstream->connections(), 1U);
    ASSERT_TRUE(path->models());
    EXPECT_THAT(*path->models(), ElementsAre(Model{"m", {"n"}, R"({"aliases":["n"],"id":"m","x":1})"}));
    EXPECT_EQ(changes, 2);
    const auto report = path->report();
    EXPECT_EQ(report.state, "up");
    EXPECT_THAT(report.models, ElementsAre("m"));
    EXPECT_TRUE(report.rtt_s);
    EXPECT_FALSE(report.reason);
}

TEST_F(PathTest, AsksForTheModelsAgainAfterAMinute) {
    probe(2);
    clock.shift += 61s;
    probe();
    EXPECT_THAT(routes(), ElementsAre("GET /health", "GET /v1/models", "GET /health", "GET /health", "GET /v1/models"));
}

TEST_F(PathTest, DoesWithoutAHealthRoute) {
    answers.erase("/health");
    EXPECT_EQ(probe(2), PathState::up);
    EXPECT_THAT(routes(), ElementsAre("GET /health", "GET /v1/models", "GET /v1/models"));
}

TEST_F(PathTest, DoesWithoutAListOfModels) {
    answers.erase("/v1/models");
    EXPECT_EQ(probe(), PathState::up);
    EXPECT_FALSE(path->models());
}

TEST_F(PathTest, IsLoadingWhileTheServerSaysSo) {
    answers = {{"/health", {503, R"({"error":{"message":"Loading model","type":"unavailable_error","code":503}})"}}};
    EXPECT_EQ(probe(), PathState::loading);
    EXPECT_THAT(path->report().reason->message, HasSubstr("loading"));
    EXPECT_THAT(routes(), ElementsAre("GET /health"));
}

TEST_F(PathTest, IsMisconfiguredWhenTheKeyIsRefused) {
    answers["/v1/models"] = {401, "{}"};
    EXPECT_EQ(probe(2), PathState::misconfigured);
    EXPECT_THAT(path->report().reason->remedy, HasSubstr("api_key_file"));
    EXPECT_THAT(routes(), ElementsAre("GET /health", "GET /v1/models", "GET /v1/models"));
    answers["/v1/models"] = {200, R"({"data":[]})"};
    EXPECT_EQ(probe(), PathState::up);
}

TEST_F(PathTest, SendsItsKey) {
    path = make({}, Secret("key"));
    probe();
    EXPECT_THAT(upstream->requests(), testing::Each(HasSubstr("\r\nAuthorization: Bearer key\r\n")));
}

TEST_F(PathTest, FallsOnErrorsAndRisesAgain) {
    probe();
    answers["/health"] = {500, "{}"};
    EXPECT_EQ(probe(), PathState::degraded);
    EXPECT_THAT(path->report().reason->message, HasSubstr("500"));
    EXPECT_EQ(probe(2), PathState::down);
    answers["/health"] = {200, "{}"};
    EXPECT_EQ(probe(), PathState::probing);
    EXPECT_EQ(probe(), PathState::up);
}

TEST_F(PathTest, IsDownAtOnceWhenNothingListens) {
    probe();
    upstream.reset();
    EXPECT_EQ(probe(), PathState::down);
    EXPECT_THAT(path->report().reason->remedy, HasSubstr("start server gpu"));
}

TEST_F(PathTest, KeepsToTheConfiguredModels) {
    path = make({"a", "b"});
    probe();
    EXPECT_THAT(path->report().models, ElementsAre("a", "b"));
    EXPECT_EQ((*path->models())[0].json, R"({"created":0,"id":"a","object":"model","owned_by":"gpu"})");
}

TEST_F(PathTest, RunsUntilItIsCancelledAndProbesWhenTold) {
    TaskGroup group(io.get_executor());
    group.spawn(path->run());
    ASSERT_TRUE(test::run_until(io, [&] { return path->state() == PathState::up; }));
    const auto asked = upstream->requests().size();
    path->probe_now();
    ASSERT_TRUE(test::run_until(io, [&] { return upstream->requests().size() > asked; }));
    asio::post(io, [&] { group.cancel(); });
    ASSERT_TRUE(test::run_until(io, [&] { return group.size() == 0; }));
}

TEST_F(PathTest, WaitsBetweenProbes) {
    TaskGroup group(io.get_executor());
    group.spawn(path->run());
    ASSERT_TRUE(test::run_until(io, [&] { return path->state() == PathState::up; }));
    io.restart();
    io.poll();
    EXPECT_THAT(routes(), ElementsAre("GET /health", "GET /v1/models"));
    asio::post(io, [&] { group.cancel(); });
    ASSERT_TRUE(test::run_until(io, [&] { return group.size() == 0; }));
}

TEST(Judge, KnowsWhatEachOutcomeMeans) {
    const auto sign = [](unsigned status, std::string body = "{}") {
        return judge(ProbeOutcome(Response{status, {}, std::move(body)}), "gpu").sign;
    };
    EXPECT_EQ(sign(200), Sign::answered);
    EXPECT_EQ(sign(401), Sign::unauthorized);
    EXPECT_EQ(sign(403), Sign::unauthorized);
    EXPECT_EQ(sign(500), Sign::failing);
    EXPECT_EQ(sign(503), Sign::failing);
    EXPECT_EQ(sign(503, R"({"error":{"message":"Loading model"}})"), Sign::loading);
    const auto failed = [](FailureKind kind) { return judge(Failure{kind, "x"}, "gpu").sign; };
    EXPECT_EQ(failed(FailureKind::refused), Sign::refused);
    EXPECT_EQ(failed(FailureKind::closed), Sign::closed);
    EXPECT_EQ(failed(FailureKind::timeout), Sign::failing);
    EXPECT_EQ(failed(FailureKind::resolve), Sign::failing);
    EXPECT_EQ(failed(FailureKind::protocol), Sign::failing);
    EXPECT_EQ(failed(FailureKind::local), Sign::failing);
}

TEST(ParseModels, TakesWhatHasAnId) {
    EXPECT_FALSE(parse_models("[]"));
    EXPECT_FALSE(parse_models("{"));
    EXPECT_FALSE(parse_models(R"({"data":{}})"));
    const auto models = parse_models(R"({"data":[{"id":"a"},{"id":7},"b",{}]})");
    ASSERT_TRUE(models);
    EXPECT_THAT(*models, ElementsAre(Model{"a", {}, R"({"id":"a"})"}));
}

}  // namespace
}  // namespace lamd::supervisor
