// A path against scripted servers: what is asked, and what is made of the answers.
#include "supervisor/path.h"
#include "tests/support/silent_sink.h"
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
    test::SilentSink sink;
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
    EXPECT_THAT(*path->models(), ElementsAre(Model{"m", {"n"}, R"({"aliases":["n"],"id":"m","x":1})", false}));
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

TEST_F(PathTest, HasNoWordOfItsWorkerWhileABrokerIsRestarted) {
    probe();
    path->observe({.sign = Sign::closed, .fate = Fate::worker_down});
    EXPECT_TRUE(path->is_refused());
    probe(2);
    path->observe({.sign = Sign::closed, .fate = Fate::broker_down});
    EXPECT_EQ(path->state(), PathState::down);
    EXPECT_FALSE(path->is_refused());
    path->observe({.sign = Sign::refused, .fate = Fate::worker_down});
    EXPECT_FALSE(path->is_refused()) << "the broker is back, the worker not yet";
    path->observe({.sign = Sign::refused, .fate = Fate::broker_down});
    clock.shift += 20s;
    path->observe({.sign = Sign::refused, .fate = Fate::broker_down});
    clock.shift += 20s;
    EXPECT_TRUE(path->is_refused()) << "a broker that stays away";
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

TEST_F(PathTest, IsSaturatedUntilTheTimeThatTheServerSaysIsOver) {
    probe(2);
    const Response busy{429, {{"Retry-After", "60"}}, "{}"};
    path->observe(path->judge(busy));
    EXPECT_EQ(path->state(), PathState::saturated);
    auto report = path->report();
    EXPECT_EQ(report.state, "saturated");
    EXPECT_EQ(report.fate, "saturated");
    ASSERT_TRUE(report.saturated_until);
    EXPECT_NEAR(seconds(*report.saturated_until - clock.wall()), 66, 1);
    EXPECT_THAT(report.reason->message, HasSubstr("no requests for 1m"));
    EXPECT_EQ(probe(), PathState::saturated);
    clock.shift += 67s;
    EXPECT_EQ(probe(), PathState::up);
    report = path->report();
    EXPECT_EQ(report.fate, "none");
    EXPECT_FALSE(report.saturated_until);
    EXPECT_FALSE(report.reason);
}

TEST_F(PathTest, TellsThatItsSaturationIsOverWithoutAProbe) {
    probe(2);
    server.probe_interval = 1h;
    path = make();
    TaskGroup group(io.get_executor());
    group.spawn(path->run());
    ASSERT_TRUE(test::run_until(io, [&] { return path->state() == PathState::up; }));
    const Observation busy{.sign = Sign::saturated, .message = "busy", .retry_after = 20ms};
    path->observe(busy);
    EXPECT_EQ(path->state(), PathState::saturated);
    const int before = changes;
    ASSERT_TRUE(test::run_until(io, [&] { return changes > before; }));
    EXPECT_EQ(path->state(), PathState::up);
    asio::post(io, [&] { group.cancel(); });
    ASSERT_TRUE(test::run_until(io, [&] { return group.size() == 0; }));
}

TEST_F(PathTest, StaysDownWhileItsServerIsWedgedWhateverHealthSays) {
    probe(2);
    const Observation wedge{Sign::wedged, "no token for 60s", "restart it", Fate::wedged};
    path->take_wedge(wedge);
    EXPECT_EQ(path->state(), PathState::down);
    EXPECT_EQ(probe(3), PathState::down);
    EXPECT_EQ(path->report().fate, "wedged");
    EXPECT_EQ(path->report().reason->remedy, "restart it");
    path->take_wedge(std::nullopt);
    EXPECT_EQ(path->state(), PathState::probing);
    EXPECT_EQ(probe(), PathState::up);
}

TEST_F(PathTest, HasItsOwnFateWhenItDoesNotLeadToTheWedgedServer) {
    probe(2);
    upstream.reset();
    EXPECT_EQ(probe(), PathState::down);
    const Observation wedge{Sign::wedged, "no token for 60s", "restart it", Fate::wedged};
    path->take_wedge(wedge);
    EXPECT_EQ(path->report().fate, "server_down");
    path->take_wedge(std::nullopt);
    EXPECT_EQ(path->state(), PathState::down);
}

TEST_F(PathTest, IsHeldAfterAFallAndSaysWhy) {
    probe(2);
    EXPECT_FALSE(path->is_held());
    answers["/health"] = {500, "{}"};
    probe(3);
    answers["/health"] = {200, "{}"};
    EXPECT_EQ(probe(2), PathState::up);
    EXPECT_TRUE(path->is_held());
    const auto report = path->report();
    EXPECT_EQ(report.falls, 1U);
    EXPECT_THAT(report.held_because, HasSubstr("500"));
    ASSERT_TRUE(report.held_until);
    EXPECT_NEAR(seconds(*report.held_until - clock.wall()), 30, 1);
    EXPECT_EQ(report.held_until, path->report().held_until) << "a time that moves would be news at every look";
    clock.shift += 31s;
    EXPECT_FALSE(path->is_held());
    EXPECT_FALSE(path->report().held_until);
}

TEST_F(PathTest, IsNotHeldWhenItWasNeverUpBefore) {
    answers["/health"] = {500, "{}"};
    EXPECT_EQ(probe(3), PathState::down);
    answers["/health"] = {200, "{}"};
    EXPECT_EQ(probe(2), PathState::up);
    EXPECT_FALSE(path->is_held());
}

asio::awaitable<void> keep_look(Path& from, Look& kept) {
    kept = co_await from.look();
}

TEST_F(PathTest, IsDownWithItsTunnelAndUpWithIt) {
    const Observation absence{
        .sign = Sign::closed, .message = "tunnel home left", .remedy = "r", .fate = Fate::tunnel_down};
    EXPECT_EQ(probe(2), PathState::up);
    path->take_absence(absence);
    EXPECT_EQ(path->state(), PathState::down);
    EXPECT_EQ(path->trouble().message, "tunnel home left");
    path->observe({.sign = Sign::refused, .message = "nobody listens", .remedy = "", .fate = Fate::tunnel_down});
    EXPECT_EQ(path->trouble().message, "tunnel home left") << "what a probe finds there says less";
    path->take_arrival();
    EXPECT_EQ(probe(), PathState::up);
    path->observe({.sign = Sign::refused, .message = "nobody listens", .remedy = "", .fate = Fate::tunnel_down});
    EXPECT_EQ(path->trouble().message, "nobody listens");
}

TEST_F(PathTest, LooksIntoTheSlots) {
    const auto look = [this] {
        Look kept;
        test::run(io, keep_look(*path, kept));
        return kept;
    };
    EXPECT_EQ(look().kind, Look::Kind::mute);
    answers["/slots"] = {200, R"([{"id":0,"is_processing":true,"next_token":[{"n_decoded":3}]}])"};
    ASSERT_EQ(look().kind, Look::Kind::slots);
    EXPECT_EQ(look().slots.front().decoded, 3U);
    answers["/slots"] = {401, "{}"};
    EXPECT_EQ(look().kind, Look::Kind::mute);
    upstream.reset();
    EXPECT_EQ(look().kind, Look::Kind::none);
}

const Target kTunnel{"gpu", "http://127.0.0.1:8080", false};
const Target kWorkersTunnel{"gpu", "http://127.0.0.1:8080", true};
const Target kFar{"gpu", "http://gpu.example.org:8080", false};
const Target kLocal{"gpu", "unix:/run/llama.sock", false};

TEST(Judge, NamesWhoIsDownWhenNobodyAnswers) {
    const auto fate = [](FailureKind kind, const Target& target, bool may_have_run = true) {
        return judge(Failure{kind, "x", may_have_run}, target).fate;
    };
    EXPECT_EQ(fate(FailureKind::refused, kTunnel), Fate::tunnel_down);
    EXPECT_EQ(fate(FailureKind::refused, kWorkersTunnel), Fate::tunnel_down);
    EXPECT_EQ(fate(FailureKind::refused, kFar), Fate::server_down);
    EXPECT_EQ(fate(FailureKind::refused, kLocal), Fate::server_down);
    for (const auto* address : {"http://localhost:1", "http://[::1]:1", "https://127.1.2.3:1/base"}) {
        EXPECT_EQ(fate(FailureKind::refused, {"gpu", address}), Fate::tunnel_down) << address;
    }
    EXPECT_EQ(fate(FailureKind::closed, kTunnel), Fate::server_down);
    EXPECT_EQ(fate(FailureKind::closed, kWorkersTunnel), Fate::worker_down);
    EXPECT_EQ(fate(FailureKind::closed, kFar), Fate::server_down);
    EXPECT_EQ(fate(FailureKind::timeout, kTunnel), Fate::unresponsive);
    EXPECT_EQ(fate(FailureKind::timeout, kTunnel, false), Fate::unreachable);
    EXPECT_EQ(fate(FailureKind::resolve, kFar), Fate::unreachable);
    EXPECT_EQ(fate(FailureKind::protocol, kFar), Fate::misconfigured);
    EXPECT_EQ(fate(FailureKind::local, kFar), Fate::none);
}

TEST(Judge, BelievesAWayThatKnowsWhoIsDown) {
    using transport::http::Layer;
    const auto seen = [](FailureKind kind, Layer layer) {
        return judge(Failure{kind, "x", true, "y", layer}, {"gpu", "a", true});
    };
    EXPECT_EQ(seen(FailureKind::refused, Layer::broker).fate, Fate::broker_down);
    EXPECT_EQ(seen(FailureKind::refused, Layer::broker).sign, Sign::closed);
    EXPECT_EQ(seen(FailureKind::closed, Layer::worker).fate, Fate::worker_down);
    EXPECT_EQ(seen(FailureKind::timeout, Layer::worker).sign, Sign::failing);
    EXPECT_EQ(seen(FailureKind::timeout, Layer::server).fate, Fate::wedged);
    EXPECT_EQ(seen(FailureKind::refused, Layer::network).fate, Fate::unreachable);
    EXPECT_EQ(seen(FailureKind::timeout, Layer::server).remedy, "y");
}

TEST(Judge, SaysWhatWasSeenAndWhatToDo) {
    const auto refused = judge(Failure{FailureKind::refused, "connection refused"}, kTunnel);
    EXPECT_THAT(refused.message, HasSubstr("nobody listens at http://127.0.0.1:8080"));
    EXPECT_THAT(refused.message, HasSubstr("connection refused"));
    EXPECT_THAT(refused.remedy, HasSubstr("look at the tunnel"));
    const auto closed = judge(Failure{FailureKind::closed, "empty reply"}, kTunnel);
    EXPECT_THAT(closed.message, HasSubstr("the tunnel is up, server gpu behind it is not"));
    EXPECT_THAT(closed.remedy, HasSubstr("start server gpu"));
}

TEST(Judge, BelievesAWorkerAboutItsServer) {
    const auto seen = [](unsigned status, std::string_view code) {
        const Response response{status, {{"Lam-Worker", "a"}}, fmt::format(R"({{"error":{{"code":"{}"}}}})", code)};
        return judge(ProbeOutcome(response), kWorkersTunnel, {});
    };
    EXPECT_EQ(seen(503, "server_down").fate, Fate::server_down);
    EXPECT_EQ(seen(503, "server_down").sign, Sign::closed);
    EXPECT_EQ(seen(504, "upstream_timeout").fate, Fate::wedged);
    EXPECT_EQ(seen(504, "upstream_timeout").sign, Sign::failing);
    EXPECT_EQ(seen(502, "upstream_cut").fate, Fate::server_down);
    EXPECT_EQ(seen(503, "worker_stopping").fate, Fate::worker_down);
    EXPECT_EQ(seen(500, "whatever").fate, Fate::failing);
}

TEST(Judge, TakesNotNowForNoFault) {
    const auto seen = [](unsigned status, transport::http::Fields fields) {
        return judge(ProbeOutcome(Response{status, std::move(fields), "{}"}), kFar, {});
    };
    EXPECT_EQ(seen(429, {}).sign, Sign::saturated);
    EXPECT_EQ(seen(429, {}).retry_after, std::nullopt);
    EXPECT_EQ(seen(429, {{"Retry-After", "7"}}).retry_after, 7s);
    EXPECT_EQ(seen(503, {{"Retry-After", "7"}}).sign, Sign::saturated);
    EXPECT_EQ(seen(503, {{"Retry-After", "soon"}}).sign, Sign::saturated);
    EXPECT_EQ(seen(503, {}).sign, Sign::failing);
    EXPECT_EQ(seen(503, {}).fate, Fate::failing);
}

TEST(JudgeLook, TellsSilenceFromWhatCannotBeAsked) {
    const auto kind = [](const ProbeOutcome& outcome) { return judge_look(outcome, kWorkersTunnel).kind; };
    using Kind = Look::Kind;
    EXPECT_EQ(kind(Response{200, {}, R"([{"is_processing":false}])"}), Kind::slots);
    EXPECT_EQ(kind(Response{200, {}, "ok"}), Kind::mute);
    EXPECT_EQ(kind(Response{404, {}, ""}), Kind::mute);
    EXPECT_EQ(kind(Response{501, {}, ""}), Kind::mute);
    EXPECT_EQ(kind(Response{401, {}, ""}), Kind::mute);
    EXPECT_EQ(kind(Response{503, {}, R"({"error":{"message":"Loading model"}})"}), Kind::none);
    EXPECT_EQ(kind(Response{504, {{"Lam-Worker", "a"}}, R"({"error":{"code":"upstream_timeout"}})"}), Kind::silent);
    EXPECT_EQ(kind(Response{503, {{"Lam-Worker", "a"}}, R"({"error":{"code":"server_down"}})"}), Kind::none);
    EXPECT_EQ(kind(Failure{FailureKind::timeout, "x"}), Kind::silent);
    EXPECT_EQ(kind(Failure{FailureKind::timeout, "x", false}), Kind::none);
    EXPECT_EQ(kind(Failure{FailureKind::refused, "x"}), Kind::none);
    EXPECT_EQ(kind(Failure{FailureKind::local, "x"}), Kind::none);
}

TEST(Judge, KnowsWhatEachOutcomeMeans) {
    const auto sign = [](unsigned status, std::string body = "{}") {
        return judge(ProbeOutcome(Response{status, {}, std::move(body)}), kLocal, {}).sign;
    };
    EXPECT_EQ(sign(200), Sign::answered);
    EXPECT_EQ(sign(401), Sign::unauthorized);
    EXPECT_EQ(sign(403), Sign::unauthorized);
    EXPECT_EQ(sign(500), Sign::failing);
    EXPECT_EQ(sign(503), Sign::failing);
    EXPECT_EQ(sign(503, R"({"error":{"message":"Loading model"}})"), Sign::loading);
    const auto failed = [](FailureKind kind) { return judge(Failure{kind, "x"}, kLocal).sign; };
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
    EXPECT_THAT(*models, ElementsAre(Model{"a", {}, R"({"id":"a"})", false}));
}

}  // namespace
}  // namespace lamd::supervisor
