#include "tests/unit/config/support.h"

#include <gtest/gtest.h>

namespace lamd::config {
namespace {

using namespace std::chrono_literals;
using test::at, test::problems_of;
using testing::ElementsAre;

/// With a server, without which nothing loads; `lines` begin in line 2.
std::string with(const std::string& lines) {
    return "servers: {g: {sse: http://h}}\n" + lines;
}

Config socket_of(const std::string& lines) {
    return test::config_of(with(lines));
}

TEST(SocketConfig, HasDefaults) {
    EXPECT_EQ(socket_of("").socket, Socket{});
    EXPECT_EQ(socket_of("socket: {}\n").socket, Socket{});
    EXPECT_EQ(Socket{}.mode, 0660u);
    EXPECT_EQ(Socket{}.roles.use.at(0).kind, Principal::Kind::any);
}

TEST(SocketConfig, ReadsEveryKey) {
    Socket expected;
    expected.path = "/run/x.sock";
    expected.mode = 0600;
    expected.group = "lamd";
    expected.roles.read = {{.kind = Principal::Kind::any, .id = 0, .name = "any"}};
    expected.roles.use = {{.kind = Principal::Kind::user, .id = 1000, .name = "alice"},
                          {.kind = Principal::Kind::group, .id = 200, .name = "lamd"}};
    expected.roles.admin = {{.kind = Principal::Kind::user, .id = 33, .name = "33"}};
    expected.head_limit = 8_KiB;
    expected.body_limit = 1_MiB;
    expected.connections = 7;
    expected.head_timeout = 1s;
    expected.body_timeout = 2s;
    expected.idle_timeout = 3s;
    EXPECT_EQ(socket_of("socket:\n  path: /run/x.sock\n  mode: 0600\n  group: lamd\n"
                        "  roles: {read: [any], use: ['user:alice', group:lamd], admin: ['user:33']}\n"
                        "  limits: {head: 8KiB, body: 1MiB, connections: 7, head_timeout: 1s, body_timeout: 2s, "
                        "idle_timeout: 3s}\n")
                  .socket,
              expected);
}

TEST(SocketConfig, ReplacesOnlyTheRolesThatAreGiven) {
    const Roles roles = socket_of("socket: {roles: {admin: [any]}}\n").socket.roles;
    EXPECT_EQ(roles.use, Roles{}.use);
    EXPECT_TRUE(roles.tunnel.empty());  // there is no user lam here
    const Roles reporters = socket_of("socket: {roles: {tunnel: ['user:alice']}}\n").socket.roles;
    EXPECT_THAT(reporters.tunnel, ElementsAre(Principal{.kind = Principal::Kind::user, .id = 1000, .name = "alice"}));
    EXPECT_EQ(roles.admin.size(), 1u);
    EXPECT_TRUE(socket_of("socket: {roles: {use: []}}\n").socket.roles.use.empty());
}

TEST(SocketConfig, ResolvesNamesOfThisMachine) {
    EXPECT_THAT(problems_of(with("socket:\n  group: nobody\n"
                                 "  roles: {use: ['user:lamd', 'group:alice', 'alice', 'user:'], admin: any}\n")),
                ElementsAre(at(3, 10, "socket.group: there is no group \"nobody\" on this machine"),
                            at(4, 17, "socket.roles.use[0]: there is no user \"lamd\" on this machine"),
                            at(4, 30, "socket.roles.use[1]: there is no group \"alice\" on this machine"),
                            at(4, 45, "socket.roles.use[2]: \"alice\" is nobody; write any, user:NAME or group:NAME"),
                            at(4, 54, "socket.roles.use[3]: there is no user \"\" on this machine"),
                            at(4, 71, "socket.roles.admin: a list is expected here")));
}

TEST(SocketConfig, TakesNumbersOfUsersAndGroups) {
    EXPECT_EQ(socket_of("socket: {group: '4294967294'}\n").socket.group, "4294967294");
    for (const char* number : {"4294967295", "-1", "99999999999"}) {
        EXPECT_THAT(problems_of(with(fmt::format("socket: {{group: '{}'}}\n", number))),
                    ElementsAre(at(2, 17, "there is no group")));
    }
}

TEST(SocketConfig, RefusesValuesOutOfRange) {
    EXPECT_THAT(problems_of(with("socket:\n  path: lamd.sock\n  mode: 1777\n  limits:\n    head: 100B\n    body: 2GiB\n"
                                 "    connections: 0\n    head_timeout: 10\n    body_timeout: 50ms\n"
                                 "    idle_timeout: 61min\n")),
                ElementsAre(at(3, 9, "socket.path: \"lamd.sock\" is not an absolute file name"),
                            at(4, 9, "socket.mode: \"1777\" is not a file mode"),
                            at(6, 11, "socket.limits.head: \"100B\" is out of range; write 1KiB to 1MiB"),
                            at(7, 11, "socket.limits.body: \"2GiB\" is out of range; write 1KiB to 1GiB"),
                            at(8, 18, "socket.limits.connections: \"0\" is out of range; write 1 to 100000"),
                            at(9, 19, "socket.limits.head_timeout: \"10\" has no unit; for seconds write 10s"),
                            at(10, 19, "socket.limits.body_timeout: \"50ms\" is out of range; write 100ms to 1h"),
                            at(11, 19, "socket.limits.idle_timeout: \"61min\" is out of range; write 100ms to 1h")));
}

TEST(SocketConfig, NamesWhatIsUnknown) {
    EXPECT_THAT(problems_of(with("socket:\n  pth: /x\n  roles: {amdin: []}\n  limits: {haed: 1KiB}\n")),
                ElementsAre(at(3, 3, "socket.pth: unknown key; did you mean path?"),
                            at(4, 11, "socket.roles.amdin: unknown key; did you mean admin?"),
                            at(5, 12, "socket.limits.haed: unknown key; did you mean head?")));
    EXPECT_THAT(problems_of(with("socket: /run/x\n")), ElementsAre(at(2, 9, "socket: a mapping is expected")));
    EXPECT_THAT(problems_of(with("socket: {roles: [any]}\n")), ElementsAre(at(2, 17, "socket.roles: a mapping")));
    EXPECT_THAT(problems_of(with("socket: {limits: 1KiB}\n")), ElementsAre(at(2, 18, "socket.limits: a mapping")));
}

TEST(LogConfig, ReadsLevelsAndFormats) {
    EXPECT_EQ(socket_of("").log, Log{});
    const auto level = [](const char* name) { return socket_of(fmt::format("log: {{level: {}}}\n", name)).log.level; };
    const auto form = [](const char* name) { return socket_of(fmt::format("log: {{format: {}}}\n", name)).log.format; };
    EXPECT_EQ(level("debug"), log::Level::debug);
    EXPECT_EQ(level("info"), log::Level::info);
    EXPECT_EQ(level("warning"), log::Level::warning);
    EXPECT_EQ(level("error"), log::Level::error);
    EXPECT_EQ(form("auto"), LogFormat::automatic);
    EXPECT_EQ(form("text"), LogFormat::text);
    EXPECT_EQ(form("json"), LogFormat::json);
    EXPECT_EQ(form("journal"), LogFormat::journal);
}

TEST(LogConfig, NamesTheChoices) {
    EXPECT_THAT(problems_of(with("log: {level: warn, format: xml, colour: on}\n")),
                ElementsAre(at(2, 14, "log.level: \"warn\" is not one of debug, info, warning or error"),
                            at(2, 28, "log.format: \"xml\" is not one of auto, text, json or journal"),
                            at(2, 33, "log.colour: unknown key; known here: level or format")));
    EXPECT_THAT(problems_of(with("log: debug\n")), ElementsAre(at(2, 6, "log: a mapping is expected here")));
}

TEST(DashboardConfig, IsForBrowsersOfThisMachine) {
    EXPECT_EQ(socket_of("").dashboard, std::nullopt);
    EXPECT_EQ(socket_of("dashboard: {listen: 127.0.0.1:8090}\n").dashboard,
              (Dashboard{.listen = {"127.0.0.1", 8090}, .role = Role::read}));
    EXPECT_EQ(socket_of("dashboard: {listen: '[::1]:8090', role: admin}\n").dashboard,
              (Dashboard{.listen = {"::1", 8090}, .role = Role::admin}));
    EXPECT_EQ(socket_of("dashboard: {listen: 8090}\n").dashboard->listen.host, "127.0.0.1");
}

TEST(DashboardConfig, IsForNobodyElse) {
    EXPECT_THAT(problems_of(with("dashboard: {listen: 192.0.2.1:8090, role: root}\n")),
                ElementsAre(at(2, 21,
                               "can be reached by other machines; write an address of this machine alone, such as "
                               "127.0.0.1:8090"),
                            at(2, 43, "read, use or admin")));
    EXPECT_THAT(problems_of(with("dashboard: {role: use}\n")), ElementsAre(at(2, 1, "dashboard.listen: missing")));
    EXPECT_EQ(problems_of(with("dashboard: {listen: 0.0.0.0:8090}\n")).size(), 1u);
}

}  // namespace
}  // namespace lamd::config
