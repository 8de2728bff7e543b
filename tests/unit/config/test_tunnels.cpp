#include "tests/unit/config/support.h"

#include <gtest/gtest.h>

namespace lamd::config {
namespace {

using namespace std::chrono_literals;
using test::at, test::config_of, test::problems_of, test::warnings_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const Environment kSystemd{{"CREDENTIALS_DIRECTORY", "/run/credentials/lamd.service"},
                           {"SSH_AUTH_SOCK", "/run/agent.sock"}};
constexpr const char* kFingerprint = "SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8";

/// A tunnel `b` that is right, with `lines` more; their first is line 7 and its values begin in column 5.
std::string tunnel(const std::string& lines, const std::string& authentication = "identity: /id") {
    return "tunnels:\n  b:\n    host: b.example.org\n    user: lam\n    " + authentication +
           "\n    forwards: [{remote: 8080, target: 8080}]\n" + lines;
}

/// A tunnel with these forwards; the first is in line 7, its `-` in column 7.
std::string forwards(const std::string& lines) {
    return "tunnels:\n  b:\n    host: b.example.org\n    user: lam\n    identity: /id\n    forwards:\n" + lines;
}

Tunnel only_tunnel(const std::string& text, const Environment& environment = test::kNoEnvironment) {
    const Config config = config_of(text, environment);
    EXPECT_EQ(config.tunnels.size(), 1u);
    return config.tunnels.empty() ? Tunnel() : config.tunnels.front();
}

TEST(TunnelConfig, HasDefaults) {
    Tunnel expected;
    expected.name = "b";
    expected.host = "b.example.org";
    expected.user = "lam";
    expected.identity = "/id";
    expected.forwards = {{.remote = {"127.0.0.1", 8080}, .alternates = {}, .target = TcpAddress{"127.0.0.1", 8080}}};
    EXPECT_EQ(only_tunnel(tunnel("")), expected);
    EXPECT_EQ(expected.port, 22);
    EXPECT_EQ(expected.known_hosts, "/etc/lamd/known_hosts");
    EXPECT_TRUE(expected.takeover);
    EXPECT_EQ(expected.dead_peer, 10s);
    EXPECT_EQ(expected.connect_timeout, 10s);
}

TEST(TunnelConfig, ReadsEveryKey) {
    const Tunnel read = only_tunnel(
        "tunnels:\n  b:\n    host: '2001:db8::1'\n    port: 2222\n    user: lam\n    identity: credential:id\n"
        "    passphrase_file: credential:pass\n    agent: /run/other.sock\n    known_hosts: /kh\n"
        "    takeover: false\n    connect_timeout: 20s\n    dead_peer: 2s\n    forwards:\n"
        "      - remote: '[::1]:8080'\n        target: unix:/run/llama.sock\n        alternates: [8081, 8082]\n"
        "      - {remote: 0.0.0.0:0, target: localhost:9}\n",
        kSystemd);
    EXPECT_EQ(read.host, "2001:db8::1");
    EXPECT_EQ(read.port, 2222);
    EXPECT_EQ(read.identity, "/run/credentials/lamd.service/id");
    EXPECT_EQ(read.passphrase_file, "/run/credentials/lamd.service/pass");
    EXPECT_EQ(read.agent, "/run/other.sock");
    EXPECT_EQ(read.known_hosts, "/kh");
    EXPECT_FALSE(read.takeover);
    EXPECT_EQ(read.connect_timeout, 20s);
    EXPECT_EQ(read.dead_peer, 2s);
    const std::vector<Forward> expected{
        {.remote = {"::1", 8080}, .alternates = {8081, 8082}, .target = UnixAddress{"/run/llama.sock"}},
        {.remote = {"0.0.0.0", 0}, .alternates = {}, .target = TcpAddress{"localhost", 9}}};
    EXPECT_EQ(read.forwards, expected);
}

TEST(TunnelConfig, KeepsTheOrderOfTheFile) {
    const Config config =
        config_of("tunnels:\n  z: &t {host: h, user: u, identity: /i, forwards: [{remote: 1, target: 1}]}\n  a: *t\n");
    ASSERT_EQ(config.tunnels.size(), 2u);
    EXPECT_EQ(config.tunnels.at(0).name, "z");
    EXPECT_EQ(config.tunnels.at(1).name, "a");
    EXPECT_EQ(config.tunnels.at(1).forwards, config.tunnels.at(0).forwards);
}

TEST(TunnelConfig, TellsAllThatIsMissing) {
    EXPECT_THAT(problems_of("tunnels:\n  b: {}\n"),
                ElementsAre(at(2, 3, "tunnels.b.forwards: missing; write forwards:"),
                            at(2, 3, "tunnels.b.host: missing; write host: b.example.org"),
                            at(2, 3, "tunnels.b.identity: missing; write identity: /PATH"),
                            at(2, 3, "tunnels.b.user: missing; write user: NAME")));
    EXPECT_THAT(problems_of(forwards("      - {}\n")),
                ElementsAre(at(7, 9, "forwards[0].remote: missing; write remote: 127.0.0.1:8080"),
                            at(7, 9, "forwards[0].target: missing; write target: 127.0.0.1:8080")));
}

TEST(TunnelConfig, RefusesValuesOutOfRange) {
    EXPECT_THAT(problems_of(tunnel("    port: 0\n    dead_peer: 1s\n    connect_timeout: 1h\n    takeover: yes\n")),
                ElementsAre(at(7, 11, "tunnels.b.port: \"0\" is not a port"),
                            at(8, 16, "tunnels.b.dead_peer: \"1s\" is out of range; write 2s to 10min"),
                            at(9, 22, "tunnels.b.connect_timeout: \"1h\" is out of range; write 1s to 5min"),
                            at(10, 15, "tunnels.b.takeover: \"yes\" is neither true nor false")));
    EXPECT_EQ(only_tunnel(tunnel("    dead_peer: 10min\n    connect_timeout: 1s\n")).dead_peer, 10min);
}

TEST(TunnelConfig, RefusesHostsUsersAndFingerprintsThatAreNone) {
    EXPECT_THAT(problems_of("tunnels:\n  b:\n    host: lam@b\n    user: 'a b'\n    identity: /i\n    host_key: abc\n"
                            "    forwards: [{remote: 1, target: 1}]\n"),
                ElementsAre(at(3, 11, "tunnels.b.host: \"lam@b\" has a user in it"),
                            at(4, 11, "tunnels.b.user: \"a b\" is not a user name"),
                            at(6, 15, "tunnels.b.host_key: \"abc\" is not a fingerprint")));
}

TEST(TunnelConfig, RefusesUsersThatAreNone) {
    const auto with_user = [](const std::string& name) {
        return fmt::format(
            "tunnels:\n  b: {{host: h, user: '{}', identity: /i, forwards: [{{remote: 1, target: 1}}]}}\n", name);
    };
    for (const std::string& name : {std::string(), std::string("a:b"), std::string(256, 'a')}) {
        EXPECT_THAT(problems_of(with_user(name)), ElementsAre(at(2, 22, "is not a user name"))) << name;
    }
    EXPECT_THAT(problems_of(with_user("lam@EXAMPLE.ORG")), IsEmpty());
    EXPECT_THAT(problems_of(with_user(std::string(255, 'a'))), IsEmpty());
}

TEST(TunnelConfig, PinsAHostKey) {
    EXPECT_EQ(only_tunnel(tunnel(fmt::format("    host_key: {}\n", kFingerprint))).host_key, kFingerprint);
}

TEST(TunnelConfig, WarnsOfAKnownHostsThatIsNotRead) {
    const std::string pinned = tunnel(fmt::format("    host_key: {}\n", kFingerprint));
    EXPECT_THAT(warnings_of(pinned), IsEmpty());
    EXPECT_THAT(warnings_of(pinned + "    known_hosts: /kh\n"),
                ElementsAre(at(8, 18, "tunnels.b.known_hosts: it is not read")));
}

TEST(TunnelConfig, TakesTheAgentOfTheEnvironment) {
    EXPECT_EQ(only_tunnel(tunnel("", "agent: true"), kSystemd).agent, "/run/agent.sock");
    EXPECT_EQ(only_tunnel(tunnel("", "agent: true"), kSystemd).identity, std::nullopt);
    EXPECT_EQ(only_tunnel(tunnel("    agent: false\n"), kSystemd).agent, std::nullopt);
    EXPECT_THAT(problems_of(tunnel("", "agent: true")), ElementsAre(at(5, 12, "$SSH_AUTH_SOCK, which is not set")));
    EXPECT_THAT(problems_of(tunnel("", "agent: true"), {{"SSH_AUTH_SOCK", "x"}}),
                ElementsAre(at(5, 12, "SSH_AUTH_SOCK: \"x\" is not an absolute file name")));
    EXPECT_THAT(problems_of(tunnel("", "agent: maybe")), ElementsAre(at(5, 12, "\"maybe\" is no agent; write true")));
}

TEST(TunnelConfig, NeedsAKeyOrAnAgent) {
    EXPECT_THAT(problems_of(tunnel("", "agent: false")), ElementsAre(at(2, 3, "tunnels.b.identity: missing")));
    EXPECT_THAT(problems_of(tunnel("", "agent: [x]")), ElementsAre(at(5, 12, "tunnels.b.agent: a single value")));
    EXPECT_THAT(problems_of(tunnel("", "identity: id")), ElementsAre(at(5, 15, "not an absolute file name")));
    EXPECT_THAT(problems_of(tunnel("    passphrase_file: /p\n", "agent: true"), kSystemd),
                ElementsAre(at(7, 22, "there is no identity that it could decrypt")));
}

TEST(TunnelConfig, ResolvesCredentialsOnlyWhereSystemdLoadsThem) {
    EXPECT_THAT(problems_of(tunnel("", "identity: credential:id")),
                ElementsAre(at(5, 15, "add LoadCredential=id:/PATH to the systemd unit")));
    EXPECT_THAT(problems_of(tunnel("", "identity: credential:id"), {{"CREDENTIALS_DIRECTORY", ""}}),
                ElementsAre(at(5, 15, "CREDENTIALS_DIRECTORY is not set")));
    for (const char* name : {"", "..", ".", "../id", "a/b", "a b"}) {
        EXPECT_THAT(problems_of(tunnel("", fmt::format("identity: 'credential:{}'", name)), kSystemd),
                    ElementsAre(at(5, 15, "does not name a credential")))
            << name;
    }
}

TEST(TunnelConfig, WantsSecretsInFiles) {
    EXPECT_THAT(problems_of(tunnel("    passphrase: hunter2\n    password: hunter2\n")),
                ElementsAre(at(7, 5, "tunnels.b.passphrase: unknown key; secrets are never in the configuration"),
                            at(8, 5, "tunnels.b.password: unknown key; lamd authenticates with keys")));
    EXPECT_THAT(problems_of(tunnel("    passphrase: hunter2\n")).at(0).message, HasSubstr("LoadCredential="));
}

TEST(TunnelConfig, NeverRepeatsASecretInAMessage) {
    const Problems problems = problems_of(
        "tunnels:\n  b: {host: b, user: u, identity: hunter2, passphrase_file: hunter2, passphrase: hunter2, "
        "password: hunter2, private_key: hunter2, forwards: [{remote: 1, target: 1}]}\n"
        "servers:\n  s: {sse: 'http://u:hunter2@h', api_key: hunter2, api_key_file: hunter2, token: hunter2}\n");
    EXPECT_EQ(problems.size(), 9u);
    EXPECT_THAT(format(problems, "f"), testing::Not(HasSubstr("hunter2")));
}

TEST(TunnelConfig, NamesWhatIsUnknown) {
    EXPECT_THAT(problems_of(tunnel("    prot: 22\n    identity_file: /i\n    colour: red\n    <<: {}\n")),
                ElementsAre(at(7, 5, "tunnels.b.prot: unknown key; did you mean port?"),
                            at(8, 5, "tunnels.b.identity_file: unknown key; did you mean identity?"),
                            at(9, 5, "tunnels.b.colour: unknown key; known here: host, port, user,"),
                            at(10, 5, "tunnels.b.<<: unknown key; merge keys are not part of YAML 1.2")));
}

TEST(TunnelConfig, ChecksNames) {
    const std::string good = "{host: h, user: u, identity: /i, forwards: [{remote: 1, target: 1}]}\n";
    EXPECT_THAT(problems_of("tunnels:\n  Web: " + good + "  'a b': " + good),
                ElementsAre(at(2, 3, "tunnels: \"Web\" cannot be a name"), at(3, 3, "tunnels: \"a b\" cannot be")));
    EXPECT_THAT(problems_of("tunnels:\n  b: " + good + "  b: " + good), ElementsAre(at(3, 3, "duplicate key \"b\"")));
}

TEST(TunnelConfig, ChecksShapes) {
    EXPECT_THAT(problems_of("tunnels: [a]\n"), ElementsAre(at(1, 10,
                                                              "tunnels: a mapping is expected here, this is a "
                                                              "list; write indented lines")));
    EXPECT_THAT(problems_of("tunnels:\n  b: 1\n"), ElementsAre(at(2, 6,
                                                                  "tunnels.b: a mapping is expected here, this "
                                                                  "is a single value")));
    EXPECT_THAT(problems_of("tunnels:\n  b:\n"),
                ElementsAre(at(2, 3, "tunnels.b: a mapping is expected here, this is nothing")));
    EXPECT_THAT(problems_of(forwards("      - 8080\n")), ElementsAre(at(7, 9, "tunnels.b.forwards[0]: a mapping")));
    EXPECT_THAT(problems_of(tunnel("    port: [22]\n    known_hosts:\n")),
                ElementsAre(at(7, 11, "tunnels.b.port: a single value is expected here, this is a list"),
                            at(8, 5, "tunnels.b.known_hosts: it has no value; write one or remove the key")));
}

TEST(TunnelConfig, RefusesTunnelsThatDoNothing) {
    EXPECT_THAT(problems_of("tunnels:\n  b: {host: h, user: u, identity: /i, forwards: []}\n"),
                ElementsAre(at(2, 49, "a tunnel without forwards does nothing")));
}

TEST(ForwardConfig, RefusesTheSameRemoteTwice) {
    EXPECT_THAT(problems_of(forwards("      - {remote: 8080, target: 1}\n"
                                     "      - {remote: '127.0.0.1:8080', target: 2}\n"
                                     "      - {remote: 'localhost:8080', target: 3}\n")),
                ElementsAre(at(8, 18, "forwards[1].remote: 127.0.0.1:8080 is taken by forwards[0] already"),
                            at(9, 18, "forwards[2].remote: localhost:8080 is taken by forwards[0] already")));
    EXPECT_THAT(problems_of(forwards("      - {remote: 8080, target: 1}\n"
                                     "      - {remote: '[::1]:8080', target: 1}\n"
                                     "      - {remote: 8081, target: 1}\n")),
                IsEmpty());
}

TEST(ForwardConfig, RefusesAlternatesThatAreTaken) {
    EXPECT_THAT(problems_of(forwards("      - {remote: 8080, target: 1, alternates: [8081, 8080]}\n"
                                     "      - {remote: 8081, target: 2}\n")),
                ElementsAre(at(7, 47, "forwards[0].alternates: 127.0.0.1:8080 is taken by forwards[0]"),
                            at(8, 18, "forwards[1].remote: 127.0.0.1:8081 is taken by forwards[0]")));
}

TEST(ForwardConfig, LetsTheServerChooseAnyNumberOfPorts) {
    EXPECT_THAT(problems_of(forwards("      - {remote: 0, target: 1}\n      - {remote: 0, target: 2}\n")), IsEmpty());
    EXPECT_THAT(problems_of(forwards("      - {remote: 0, target: 1, alternates: [8081]}\n")),
                ElementsAre(at(7, 44, "port 0 lets the server choose")));
}

TEST(ForwardConfig, TellsEveryWrongAlternate) {
    EXPECT_THAT(problems_of(forwards("      - {remote: 1, target: 1, alternates: [0, 2, x]}\n")),
                ElementsAre(at(7, 45, "alternates[0]: \"0\" is not a port"), at(7, 51, "alternates[2]: \"x\" is not")));
    EXPECT_THAT(problems_of(forwards("      - {remote: 1, target: 1, alternates: 2}\n")),
                ElementsAre(at(7, 44, "alternates: a list is expected here, this is a single value; write [one")));
    EXPECT_THAT(problems_of(forwards("      - {remote: 1, target: 1, alternates: [[2]]}\n")),
                ElementsAre(at(7, 45, "alternates[0]: a single value is expected here, this is a list")));
}

TEST(ForwardConfig, TellsWrongAddressesTogether) {
    EXPECT_THAT(
        problems_of(forwards("      - {remote: '*:80', target: here, to: 1}\n")),
        ElementsAre(at(7, 18, "forwards[0].remote: \"*:80\" has no address"),
                    at(7, 34, "forwards[0].target: \"here\" has no port"), at(7, 40, "forwards[0].to: unknown key")));
}

}  // namespace
}  // namespace lamd::config
