#include "daemon/control_api.h"

#include "daemon/replies.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <boost/asio/io_context.hpp>

namespace lamd::daemon {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using transport::http::Fields;
using transport::http::Request;
using transport::http::Response;

constexpr uid_t kOwnUid = 900;

/// Remembers an answer; writes to a stream wait while `is_blocked` is set.
class Recorder final : public transport::http::Responder {
public:
    explicit Recorder(const asio::any_io_executor& executor) : room_(executor) {
        room_.set();
    }

    asio::awaitable<Result<void>> send(Response response) override {
        status = response.status;
        fields = std::move(response.fields);
        body = std::move(response.body);
        is_finished = true;
        co_return Result<void>();
    }
    asio::awaitable<Result<void>> begin(unsigned code, Fields with, Body) override {
        status = code;
        fields = std::move(with);
        co_return Result<void>();
    }
    asio::awaitable<Result<void>> write(std::string_view bytes) override {
        body += bytes;
        co_await room_.wait();
        co_return Result<void>();
    }
    asio::awaitable<Result<void>> finish(std::string_view last) override {
        body += last;
        is_finished = true;
        co_return Result<void>();
    }

    void block() {
        room_.clear();
    }
    void unblock() {
        room_.set();
    }

    unsigned status = 0;
    Fields fields;
    std::string body;
    bool is_finished = false;

private:
    Event room_;
};

class FakeGateway final : public gateway::Gateway {
public:
    void start() override {}
    asio::awaitable<void> stop() override {
        co_return;
    }
    asio::awaitable<void> handle(const Request& request, transport::http::Responder& responder) override {
        co_await responder.send(json_reply(200, "gateway " + request.path));
    }
    void apply(gateway::Settings) override {}
    void set_mode(config::Mode, bool) override {}
    void probe_now() override {}
    void set_presences(std::vector<api::Presence>) override {}
    std::optional<transport::mqtt::Report> broker() const override {
        return std::nullopt;
    }
    bool is_ready() const override {
        return true;
    }
    std::vector<api::PathStatus> paths() const override {
        return {};
    }
    [[nodiscard]] supervisor::Admission::Report queue() const override {
        return {};
    }
    std::vector<api::ServerStatus> servers() const override {
        return {};
    }
    std::vector<api::StreamStatus> streams(std::optional<std::uint32_t> uid) const override {
        std::vector<api::StreamStatus> found;
        for (const auto& stream :
             {api::StreamStatus{.id = "of-2", .uid = 2}, api::StreamStatus{.id = "of-3", .uid = 3}}) {
            if (!uid || stream.uid == *uid) {
                found.push_back(stream);
            }
        }
        return found;
    }
    const api::Failovers& failovers() const override {
        return failovers_;
    }
    bool drain(std::string_view, std::optional<WallTime>) override {
        return false;
    }
    void end_all(std::string) override {}
    bool cancel(std::string_view stream, std::optional<std::uint32_t> uid, std::string) override {
        return (stream == "of-2" && uid.value_or(2) == 2) || (stream == "of-3" && uid.value_or(3) == 3);
    }
    asio::awaitable<std::vector<api::PathProbe>> probe(std::string server, std::string transport) override {
        std::vector<api::PathProbe> probes;
        if (server == "gpu" && transport == "sse") {
            probes.push_back({.server = server, .transport = transport, .is_good = true});
        }
        co_return probes;
    }
    api::StreamCounts counts() const override {
        return {};
    }
    const gateway::Figures& figures() const override {
        return figures_;
    }

private:
    gateway::Figures figures_;
    api::Failovers failovers_;
};

class FakeControl final : public Control {
public:
    explicit FakeControl(const asio::any_io_executor& executor)
        : events_(executor, "run"), presences_(executor, [] {}) {
        status_.verdict.state = "healthy";
        status_.tunnels.resize(1);
        status_.tunnels[0].name = "home";
        status_.servers.resize(1);
        status_.servers[0].name = "gpu";
    }

    const Clock& clock() const override {
        return clock_;
    }
    const config::Roles& roles() const override {
        return roles_;
    }
    api::Status status() const override {
        return status_;
    }
    Figures figures() const override {
        Figures figures;
        figures.status = status_;
        return figures;
    }
    bool is_ready() const override {
        return is_ready_;
    }
    gateway::Gateway* gateway() override {
        return has_gateway_ ? &gateway_ : nullptr;
    }
    EventLog& events() override {
        return events_;
    }
    Presences& presences() override {
        return presences_;
    }
    const std::string& config_file() const override {
        return file_;
    }
    std::string config_yaml() const override {
        return "log:\n  level: \"info\"\n";
    }
    api::ModeStatus switch_mode(config::Mode mode, bool is_now) override {
        mode_ = mode;
        is_now_ = is_now;
        api::ModeStatus answer;
        answer.mode = to_string(mode);
        return answer;
    }
    std::optional<api::ServerChange> set_draining(const std::string& server, bool is_draining) override {
        if (server != "gpu") {
            return std::nullopt;
        }
        status_.servers[0].state = is_draining ? "draining" : "up";
        return api::ServerChange{1, status_.servers[0], ""};
    }
    bool reconnect(std::string_view tunnel) override {
        reconnected_ = tunnel;
        return tunnel == "home";
    }
    bool restart_server() override {
        ++restarts_;
        return has_child_;
    }
    asio::awaitable<ReloadOutcome> reload() override {
        co_return outcome_;
    }

    SystemClock clock_;
    config::Roles roles_{.read = {{config::Principal::Kind::user, 1, "r"}},
                         .use = {{config::Principal::Kind::user, 2, "u"}},
                         .admin = {{config::Principal::Kind::user, 3, "a"}}};
    api::Status status_;
    bool is_ready_ = true;
    bool has_gateway_ = true;
    FakeGateway gateway_;
    EventLog events_;
    Presences presences_;
    std::string file_ = "/etc/lamd/lamd.yaml";
    std::string reconnected_;
    bool has_child_ = true;
    int restarts_ = 0;
    config::Mode mode_ = config::Mode::automatic;
    bool is_now_ = false;
    ReloadOutcome outcome_;
};

class ControlApiTest : public testing::Test {
protected:
    /// Begins a request of user `uid`; what it answers is in the recorder when it is done.
    Recorder& begin(std::string method, std::string path, uid_t uid = 3, Fields fields = {}, std::string body = "") {
        requests_.push_back(std::make_unique<Request>());
        auto& request = *requests_.back();
        request.method = std::move(method);
        request.path = std::move(path);
        request.fields = std::move(fields);
        request.body = std::move(body);
        request.peer.uid = uid;
        recorders_.push_back(std::make_unique<Recorder>(io_.get_executor()));
        tasks_.spawn(api_.handle(request, *recorders_.back()));
        settle();
        return *recorders_.back();
    }
    unsigned status_of(std::string method, std::string path, uid_t uid = 3) {
        return begin(std::move(method), std::move(path), uid).status;
    }
    void settle() {
        io_.restart();
        io_.poll();
    }
    ~ControlApiTest() override {
        tasks_.cancel();
        io_.restart();
        io_.run();
    }

    asio::io_context io_;
    FakeControl control_{io_.get_executor()};
    ControlApi api_{control_, kOwnUid};
    std::vector<std::unique_ptr<Request>> requests_;
    std::vector<std::unique_ptr<Recorder>> recorders_;
    TaskGroup tasks_{io_.get_executor()};
};

struct RoleCase {
    const char* method;
    const char* path;
    unsigned reader;
    unsigned user;
    unsigned admin;
};

TEST_F(ControlApiTest, LetsEachRoleDoWhatItMay) {
    for (const auto& [method, path, reader, user, admin] : {
             RoleCase{"GET", "/livez", 200, 200, 200},
             RoleCase{"GET", "/readyz", 200, 200, 200},
             RoleCase{"GET", "/healthz", 200, 200, 200},
             RoleCase{"GET", "/metrics", 200, 200, 200},
             RoleCase{"GET", "/lam/v1/status", 200, 200, 200},
             RoleCase{"GET", "/lam/v1/events", 200, 200, 200},
             RoleCase{"GET", "/lam/v1/tunnels", 200, 200, 200},
             RoleCase{"GET", "/lam/v1/tunnels/home", 200, 200, 200},
             RoleCase{"GET", "/lam/v1/presences", 200, 200, 200},
             RoleCase{"POST", "/lam/v1/presences", 403, 403, 400},
             RoleCase{"GET", "/lam/v1/paths", 200, 200, 200},
             RoleCase{"POST", "/lam/v1/paths/gpu/sse/probe", 403, 403, 200},
             RoleCase{"GET", "/lam/v1/servers", 200, 200, 200},
             RoleCase{"POST", "/lam/v1/servers/gpu/drain", 403, 403, 200},
             RoleCase{"POST", "/lam/v1/servers/gpu/resume", 403, 403, 200},
             RoleCase{"GET", "/lam/v1/streams", 403, 200, 200},
             RoleCase{"GET", "/lam/v1/streams/of-2", 403, 200, 200},
             RoleCase{"DELETE", "/lam/v1/streams/of-2", 403, 204, 204},
             RoleCase{"GET", "/lam/v1/sessions", 403, 200, 200},
             RoleCase{"POST", "/lam/v1/sessions/import", 403, 200, 200},
             RoleCase{"POST", "/lam/v1/sessions/a/messages", 403, 200, 200},
             RoleCase{"DELETE", "/lam/v1/sessions/a", 403, 200, 200},
             RoleCase{"GET", "/lam/v1/mode", 200, 200, 200},
             RoleCase{"PUT", "/lam/v1/mode", 403, 403, 400},
             RoleCase{"POST", "/v1/chat/completions", 403, 200, 200},
             RoleCase{"GET", "/v1/models", 403, 200, 200},
             RoleCase{"POST", "/lam/v1/tunnels/home/reconnect", 403, 403, 202},
             RoleCase{"GET", "/lam/v1/config", 403, 403, 200},
             RoleCase{"POST", "/lam/v1/reload", 403, 403, 200},
             RoleCase{"POST", "/lam/v1/worker/restart", 403, 403, 202},
         }) {
        EXPECT_EQ(status_of(method, path, 1), reader) << path;
        EXPECT_EQ(status_of(method, path, 2), user) << path;
        EXPECT_EQ(status_of(method, path, 3), admin) << path;
        EXPECT_EQ(status_of(method, path, kOwnUid), admin) << path;
        EXPECT_EQ(status_of(method, path, 4), 403U) << path;
    }
    EXPECT_EQ(control_.reconnected_, "home");
}

TEST_F(ControlApiTest, TakesReportsOfTunnelsFromThoseWhoMayAndFromNobodyElse) {
    control_.roles_.tunnel = {{config::Principal::Kind::user, 5, "lam"}, {config::Principal::Kind::user, 2, "u"}};
    const std::string report = R"({"name":"home","ports":["127.0.0.1:8080"]})";
    EXPECT_EQ(begin("POST", "/lam/v1/presences", 1, {}, report).status, 403U);
    EXPECT_EQ(begin("POST", "/lam/v1/presences", 4, {}, report).status, 403U);
    for (const uid_t uid : {2U, 3U, 5U}) {
        const auto& held = begin("POST", "/lam/v1/presences", uid, {}, report);
        EXPECT_EQ(held.status, 200U) << uid;
        EXPECT_FALSE(held.is_finished) << uid;
    }
    EXPECT_EQ(control_.presences_.list().size(), 3U);
    EXPECT_THAT(begin("GET", "/lam/v1/presences", 1).body, HasSubstr(R"("ports":["127.0.0.1:8080"])"));
    for (const auto* path : {"/lam/v1/presences", "/lam/v1/status", "/livez", "/nowhere"}) {
        EXPECT_EQ(status_of("GET", path, 5), 403U) << "a reporter sees nothing: " << path;
    }
    tasks_.cancel();  // the callers leave
    settle();
    EXPECT_TRUE(control_.presences_.list().empty());
}

TEST_F(ControlApiTest, EndsTheReportsOfTunnelsWhenLamdStops) {
    const auto& held = begin("POST", "/lam/v1/presences", 3, {}, R"({"name":"home","ports":["[::1]:8080"]})");
    control_.presences_.close();
    settle();
    EXPECT_TRUE(held.is_finished);
    EXPECT_TRUE(control_.presences_.list().empty());
}

TEST_F(ControlApiTest, RestartsOnlyAServerThatLamdRuns) {
    EXPECT_EQ(status_of("POST", "/lam/v1/worker/restart", 3), 202U);
    control_.has_child_ = false;
    EXPECT_EQ(status_of("POST", "/lam/v1/worker/restart", 3), 404U);
    EXPECT_EQ(control_.restarts_, 2);
}

TEST_F(ControlApiTest, SwitchesTheMode) {
    const auto& answer = begin("PUT", "/lam/v1/mode", 3, {}, R"({"mode":"mqtt","now":true})");
    EXPECT_EQ(answer.status, 200U);
    EXPECT_THAT(answer.body, HasSubstr(R"("mode":"mqtt")"));
    EXPECT_EQ(control_.mode_, config::Mode::mqtt);
    EXPECT_TRUE(control_.is_now_);
    for (const char* wrong : {"", "mqtt", "{}", R"({"mode":1})", R"({"mode":"fast"})", R"({"mode":"sse","now":1})"}) {
        EXPECT_EQ(begin("PUT", "/lam/v1/mode", 3, {}, wrong).status, 400U) << wrong;
    }
    EXPECT_EQ(control_.mode_, config::Mode::mqtt);
}

TEST_F(ControlApiTest, DrainsAServerAndUsesItAgain) {
    EXPECT_THAT(begin("POST", "/lam/v1/servers/gpu/drain").body, HasSubstr(R"("state":"draining")"));
    EXPECT_THAT(begin("GET", "/lam/v1/servers").body, HasSubstr(R"("state":"draining")"));
    EXPECT_THAT(begin("POST", "/lam/v1/servers/gpu/resume").body, HasSubstr(R"("state":"up")"));
}

TEST_F(ControlApiTest, ShowsAndEndsTheAnswersOfACallerOnly) {
    EXPECT_THAT(begin("GET", "/lam/v1/streams", 2).body, AllOf(HasSubstr("of-2"), Not(HasSubstr("of-3"))));
    EXPECT_THAT(begin("GET", "/lam/v1/streams", 3).body, AllOf(HasSubstr("of-2"), HasSubstr("of-3")));
    EXPECT_EQ(status_of("DELETE", "/lam/v1/streams/of-3", 2), 404U);
    EXPECT_EQ(status_of("DELETE", "/lam/v1/streams/of-2", 2), 204U);
    EXPECT_EQ(status_of("DELETE", "/lam/v1/streams/of-2", 3), 204U) << "of anybody";
    EXPECT_EQ(status_of("DELETE", "/lam/v1/streams/unknown", 3), 404U);
    control_.has_gateway_ = false;
    EXPECT_THAT(begin("GET", "/lam/v1/streams", 2).body, HasSubstr(R"("streams":[])"));
    EXPECT_EQ(status_of("DELETE", "/lam/v1/streams/of-2", 3), 404U);
}

TEST_F(ControlApiTest, SaysWhatWasMeantByANameThatIsNotThere) {
    for (const char* path :
         {"/lam/v1/servers/gpuu/drain", "/lam/v1/servers/gpuu/resume", "/lam/v1/paths/gpuu/sse/probe"}) {
        const auto& answer = begin("POST", path);
        EXPECT_EQ(answer.status, 404U) << path;
        EXPECT_THAT(answer.body, HasSubstr("There is no server gpuu; did you mean gpu?")) << path;
    }
    EXPECT_THAT(begin("POST", "/lam/v1/tunnels/hom/reconnect").body, HasSubstr("did you mean home?"));
    EXPECT_THAT(begin("POST", "/lam/v1/servers/other/drain").body, HasSubstr("There is no server other."));
    EXPECT_THAT(begin("POST", "/lam/v1/paths/gpu/mqtt/probe").body, HasSubstr("Server gpu has no path over mqtt."));
}

TEST_F(ControlApiTest, SaysWhichRoleIsMissing) {
    const auto& answer = begin("POST", "/lam/v1/reload", 2);
    EXPECT_THAT(answer.body, HasSubstr("the role admin"));
    EXPECT_THAT(answer.body, HasSubstr("permission_error"));
}

TEST_F(ControlApiTest, TellsStrangersNothing) {
    EXPECT_EQ(status_of("GET", "/nothing", 4), 403U);
    EXPECT_EQ(status_of("GET", "/nothing", 1), 404U);
}

TEST_F(ControlApiTest, SaysWhatIsNotThereAndWhatIsNotPossible) {
    EXPECT_EQ(status_of("GET", "/lam/v1/tunnels/other"), 404U);
    EXPECT_EQ(status_of("POST", "/lam/v1/tunnels/other/reconnect"), 404U);
    const auto& wrong = begin("DELETE", "/lam/v1/status");
    EXPECT_EQ(wrong.status, 405U);
    EXPECT_EQ(find(wrong.fields, "Allow"), "GET, HEAD");
}

TEST_F(ControlApiTest, AnswersHealthByTheVerdict) {
    control_.status_.verdict = {"degraded", {{"tunnel home is denied", "do this"}}};
    control_.is_ready_ = false;
    const auto& health = begin("GET", "/healthz");
    EXPECT_EQ(health.status, 503U);
    EXPECT_THAT(health.body, HasSubstr("tunnel home is denied"));
    const auto& ready = begin("GET", "/readyz");
    EXPECT_EQ(ready.status, 503U);
    EXPECT_TRUE(find(ready.fields, "Retry-After"));
    EXPECT_EQ(status_of("GET", "/livez"), 200U);
}

TEST_F(ControlApiTest, HandsRequestsForModelsToTheGateway) {
    EXPECT_EQ(begin("POST", "/v1/chat/completions").body, "gateway /v1/chat/completions");
    control_.has_gateway_ = false;
    const auto& answer = begin("POST", "/v1/chat/completions");
    EXPECT_EQ(answer.status, 503U);
    EXPECT_THAT(answer.body, HasSubstr("No server is configured"));
}

TEST_F(ControlApiTest, ShowsTheConfigurationAsJson) {
    EXPECT_EQ(begin("GET", "/lam/v1/config").body,
              R"({"schema":1,"file":"/etc/lamd/lamd.yaml","yaml":"log:\n  level: \"info\"\n"})");
}

TEST_F(ControlApiTest, ListsTheProblemsOfAReload) {
    control_.outcome_ = {{false, "line 1 is wrong"}, {{1, 2, "is wrong"}}};
    const auto& refused = begin("POST", "/lam/v1/reload");
    EXPECT_EQ(refused.status, 422U);
    EXPECT_THAT(refused.body, HasSubstr("\"message\":\"line 1 is wrong\""));
    EXPECT_THAT(refused.body, HasSubstr(R"("problems":[{"line":1,"column":2,"message":"is wrong"}])"));
    control_.outcome_ = {{true, "tunnel home changed"}, {}};
    const auto& accepted = begin("POST", "/lam/v1/reload");
    EXPECT_EQ(accepted.status, 200U);
    EXPECT_THAT(accepted.body, HasSubstr("tunnel home changed"));
}

class EventStreamTest : public ControlApiTest {
protected:
    void publish(std::string state) {
        control_.events_.publish(api::Verdict{std::move(state), {}}, WallTime());
        settle();
    }
};

TEST_F(EventStreamTest, BeginsWithASnapshotAndGoesOnWithEachChange) {
    publish("before");
    auto& reader = begin("GET", "/lam/v1/events");
    EXPECT_EQ(find(reader.fields, "Content-Type"), "text/event-stream");
    EXPECT_THAT(reader.body, StartsWith("id: run.1\nevent: snapshot\n"));
    reader.body.clear();
    publish("one");
    publish("two");
    EXPECT_EQ(reader.body, *control_.events_.find(2) + *control_.events_.find(3));
    EXPECT_FALSE(reader.is_finished);
}

TEST_F(EventStreamTest, GoesOnWhereAReaderLeft) {
    publish("one");
    publish("two");
    publish("three");
    const auto& reader = begin("GET", "/lam/v1/events", 3, {{"Last-Event-ID", "run.1"}});
    EXPECT_EQ(reader.body, *control_.events_.find(2) + *control_.events_.find(3));
}

TEST_F(EventStreamTest, BeginsAgainForAnIdThatMeansNothing) {
    publish("one");
    for (const auto* id : {"other.1", "nonsense", "run.7"}) {
        EXPECT_THAT(begin("GET", "/lam/v1/events", 3, {{"Last-Event-ID", id}}).body,
                    StartsWith("id: run.1\nevent: snapshot\n"));
    }
}

TEST_F(EventStreamTest, CutsOffAReaderThatHasLostItsPlace) {
    auto& reader = begin("GET", "/lam/v1/events");
    reader.block();
    for (int i = 0; i < 2000; ++i) {
        publish("x");
    }
    EXPECT_LT(reader.body.size(), 10'000U) << "nothing is kept for it";
    reader.unblock();
    settle();
    EXPECT_FALSE(reader.is_finished);
    EXPECT_EQ(tasks_.size(), 0U);
}

TEST_F(EventStreamTest, EndsCleanlyWhenLamdStops) {
    auto& reader = begin("GET", "/lam/v1/events");
    publish("one");
    control_.events_.publish(api::Verdict{"last", {}}, WallTime());
    control_.events_.close();
    settle();
    EXPECT_THAT(reader.body, HasSubstr("last"));
    EXPECT_TRUE(reader.is_finished);
}

}  // namespace
}  // namespace lamd::daemon
