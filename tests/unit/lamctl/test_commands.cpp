// Commands that ask lamd once, end to end: what they ask, what they print, what they exit with.
#include "api/codec.h"
#include "api/error.h"
#include "api/version.h"
#include "tests/unit/lamctl/samples.h"
#include "tests/unit/lamctl/scripted_lamd.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace lamd::lamctl {
namespace {

using test::Call;
using test::Ended;
using test::Program;
using testing::HasSubstr;
using testing::StartsWith;

class Commands : public testing::Test {
protected:
    std::vector<std::string> with_socket(std::vector<std::string> words) {
        words.insert(words.begin(), {"--socket", lamd.socket()});
        return words;
    }
    /// Runs lamctl against one answer.
    Ended run(std::vector<std::string> words, unsigned status, std::string_view body, std::string_view fields = "") {
        Program program(with_socket(std::move(words)));
        Call call = lamd.accept();
        asked = call.head.substr(0, call.head.find(" HTTP/1.1\r\n"));
        call.answer(status, body, fields);
        return program.finish();
    }
    Ended run_alone(const std::vector<std::string>& words) {
        return Program(words).finish();
    }

    test::ScriptedLamd lamd;
    std::string asked;  ///< method and target
};

TEST_F(Commands, StatusExitsWithTheVerdict) {
    EXPECT_EQ(run({"status"}, 200, api::encode(test::healthy_status())).code, 0);
    EXPECT_EQ(asked, "GET /lam/v1/status");
    EXPECT_EQ(run({"status"}, 200, api::encode(test::down_status())).code, 3);
    const Ended degraded = run({"status"}, 200, api::encode(test::degraded_status()));
    EXPECT_EQ(degraded.code, 5);
    EXPECT_THAT(degraded.out, StartsWith("degraded: tunnel b is backing off\n"));
    EXPECT_THAT(degraded.out, HasSubstr("next: start sshd on b.example.org\n"));
    EXPECT_EQ(degraded.error, "");
}

TEST_F(Commands, JsonIsTheWireObjectUnchanged) {
    const std::string wire = R"({"verdict" : {"state":"degraded"},  "of_a_newer_lamd":[1,2]})";
    const Ended ended = run({"status", "--json"}, 200, wire);
    EXPECT_EQ(ended.out, wire + "\n");
    EXPECT_EQ(ended.code, 5);
    EXPECT_EQ(run({"tunnels", "--json"}, 200, "{\"tunnels\":[]}\n").out, "{\"tunnels\":[]}\n");
}

TEST_F(Commands, TunnelsAndPathsAreTables) {
    const Ended tunnels = run({"tunnels"}, 200, api::encode(api::TunnelList{1, {test::tunnel("home")}}));
    EXPECT_EQ(asked, "GET /lam/v1/tunnels");
    EXPECT_THAT(tunnels.out, HasSubstr("lam@b.example.org:22 (192.0.2.1:22)"));
    EXPECT_EQ(tunnels.code, 0);
    const Ended paths = run({"paths"}, 200, api::encode(api::PathList{1, {test::down_path()}}));
    EXPECT_EQ(asked, "GET /lam/v1/paths");
    EXPECT_THAT(paths.out, HasSubstr("gpu2/sse"));
    EXPECT_EQ(paths.code, 0);
    EXPECT_EQ(run({"tunnels"}, 200, "{\"tunnels\":[]}").out, "no tunnels are configured\n");
    EXPECT_EQ(run({"paths"}, 200, "{\"paths\":[]}").out, "no servers are configured\n");
}

TEST_F(Commands, ReconnectNamesTheTunnel) {
    const Ended ended = run({"reconnect", "a b/c"}, 202, "{}");
    EXPECT_EQ(asked, "POST /lam/v1/tunnels/a%20b%2Fc/reconnect");
    EXPECT_EQ(ended.out, "tunnel a b/c reconnects\n");
    EXPECT_EQ(ended.code, 0);
    const Ended unknown = run({"reconnect", "c"}, 404, api::encode(api::make_error(404, "there is no tunnel c")));
    EXPECT_EQ(unknown.code, 4);
    EXPECT_EQ(unknown.error, "lamctl: there is no tunnel c\nnext: lamctl tunnels shows what there is\n");
}

TEST_F(Commands, RestartServerIsForWhatLamdRuns) {
    EXPECT_EQ(run({"restart-server"}, 202, "{}").out, "the server restarts\n");
    EXPECT_EQ(asked, "POST /lam/v1/worker/restart");
    const Ended none = run({"restart-server"}, 404, api::encode(api::make_error(404, "lamd runs no server here")));
    EXPECT_EQ(none.code, 4);
    EXPECT_THAT(none.error, HasSubstr("next: restart it where it is run"));
}

TEST_F(Commands, ServersAndStreamsAreTables) {
    const Ended servers = run({"servers"}, 200, api::encode(api::ServerList{1, {test::draining_server()}}));
    EXPECT_EQ(asked, "GET /lam/v1/servers");
    EXPECT_THAT(servers.out, HasSubstr("gpu2    draining"));
    EXPECT_EQ(servers.code, 0);
    api::StreamStatus stream{.id = "0193", .state = "running"};
    EXPECT_THAT(run({"streams"}, 200, api::encode(api::StreamList{1, {stream}})).out, HasSubstr("0193    running"));
    EXPECT_EQ(asked, "GET /lam/v1/streams");
    EXPECT_EQ(run({"streams"}, 200, R"({"streams":[]})").out, "no answers are running\n");
    EXPECT_EQ(run({"servers"}, 200, R"({"servers":[]})").out, "no servers are configured\n");
    EXPECT_EQ(run({"streams", "--json"}, 200, R"({"streams":[]})").out, "{\"streams\":[]}\n");
}

TEST_F(Commands, CancelEndsAnAnswer) {
    EXPECT_EQ(run({"cancel", "0193"}, 204, "").out, "answer 0193 is cancelled\n");
    EXPECT_EQ(asked, "DELETE /lam/v1/streams/0193");
    const Ended unknown = run({"cancel", "0"}, 404, api::encode(api::make_error(404, "There is no stream 0.")));
    EXPECT_EQ(unknown.code, 4);
    EXPECT_EQ(unknown.error, "lamctl: There is no stream 0.\nnext: lamctl streams shows what there is\n");
}

TEST_F(Commands, DrainAndResumeNameTheServer) {
    const Ended drained = run({"drain", "gpu2"}, 200, api::encode(api::ServerChange{1, test::draining_server(), "oh"}));
    EXPECT_EQ(asked, "POST /lam/v1/servers/gpu2/drain");
    EXPECT_EQ(drained.out, "server gpu2 is draining, 2 answers running\n");
    EXPECT_EQ(drained.error, "lamctl: oh\n");
    EXPECT_EQ(drained.code, 0);
    const Ended resumed = run({"resume", "gpu1"}, 200, api::encode(api::ServerChange{1, test::server("gpu1"), ""}));
    EXPECT_EQ(asked, "POST /lam/v1/servers/gpu1/resume");
    EXPECT_EQ(resumed.out, "server gpu1 is in use again, up\n");
    for (const char* command : {"drain", "resume"}) {
        const Ended unknown = run({command, "gpu"}, 404, api::encode(api::make_error(404, "did you mean gpu1?")));
        EXPECT_EQ(unknown.code, 4);
        EXPECT_EQ(unknown.error, "lamctl: did you mean gpu1?\nnext: lamctl servers shows what there is\n");
    }
}

TEST_F(Commands, ProbeExitsWithWhatItFound) {
    const auto body = [](bool is_good) {
        api::PathProbe probe{.server = "gpu1", .transport = "sse", .address = "a", .state = "up", .is_good = is_good};
        probe.layers = {{"transport", is_good, 0.5, ""}};
        return api::encode(api::ProbeList{1, {probe}});
    };
    const Ended good = run({"probe", "gpu1", "sse"}, 200, body(true));
    EXPECT_EQ(asked, "POST /lam/v1/paths/gpu1/sse/probe");
    EXPECT_THAT(good.out, HasSubstr("transport ok 500ms"));
    EXPECT_EQ(good.code, 0);
    EXPECT_EQ(run({"probe", "gpu1", "sse"}, 200, body(false)).code, 3);
    EXPECT_EQ(run({"probe", "gpu1", "mqtt"}, 404, "{}").code, 4);
    EXPECT_EQ(run({"probe", "gpu1", "sse", "--json"}, 200, body(true)).out, body(true) + "\n");
}

TEST_F(Commands, ProbeWithoutNamesIsEveryPathOnce) {
    auto mqtt = test::path("gpu1");
    mqtt.transport = "mqtt";
    Program program(with_socket({"probe", "gpu1"}));
    lamd.accept().answer(
        200, api::encode(api::PathList{1, {test::path("gpu1"), test::path("gpu1"), mqtt, test::path("b")}}));
    for (const bool is_good : {true, false}) {
        Call call = lamd.accept();
        EXPECT_THAT(call.head,
                    StartsWith(is_good ? "POST /lam/v1/paths/gpu1/sse/probe " : "POST /lam/v1/paths/gpu1/mqtt/probe "));
        call.answer(200, api::encode(api::ProbeList{1, {{.server = "gpu1", .transport = "x", .is_good = is_good}}}));
    }
    EXPECT_EQ(program.finish().code, 5);
}

TEST_F(Commands, ReloadSaysWhatCameOfIt) {
    EXPECT_EQ(run({"reload"}, 200, R"({"is_accepted":true,"message":"tunnel b changed"})").out,
              "reloaded: tunnel b changed\n");
    EXPECT_EQ(asked, "POST /lam/v1/reload");
    EXPECT_EQ(run({"reload"}, 200, "{}").out, "reloaded\n");
    const Ended refused = run({"reload"}, 422, api::encode(api::make_error(422, "line 3: unknown key")));
    EXPECT_EQ(refused.code, 1);
    EXPECT_EQ(refused.error, "lamctl: line 3: unknown key\n");
}

TEST_F(Commands, MetricsArePassedOn) {
    EXPECT_EQ(run({"metrics"}, 200, "lamd_up 1\n").out, "lamd_up 1\n");
    EXPECT_EQ(asked, "GET /metrics");
}

TEST_F(Commands, VersionWarnsOfAMismatch) {
    api::Status status = test::healthy_status();
    status.version = api::kVersion;
    const Ended same = run({"version"}, 200, api::encode(status));
    EXPECT_EQ(same.out, fmt::format("lamctl {0}\nlamd {0}\n", api::kVersion));
    EXPECT_EQ(same.error, "");
    status.version = "0.0.1";
    const Ended other = run({"version"}, 200, api::encode(status));
    EXPECT_THAT(other.out, HasSubstr("lamd 0.0.1\n"));
    EXPECT_THAT(other.error, HasSubstr("different versions"));
    lamd.stop();
    const Ended alone = run_alone({"--socket", lamd.socket(), "version"});
    EXPECT_EQ(alone.code, 0);
    EXPECT_THAT(alone.error, HasSubstr("not running"));
}

TEST_F(Commands, StatusOfAnAnswerBecomesAnExitCode) {
    const Ended forbidden = run({"reload"}, 403, api::encode(api::make_error(403, "needs the role admin")));
    EXPECT_EQ(forbidden.code, 6);
    EXPECT_THAT(forbidden.error, StartsWith("lamctl: needs the role admin\nnext: "));
    EXPECT_EQ(run({"status"}, 404, "{}").code, 4);
    EXPECT_EQ(run({"status"}, 504, "{}").code, 7);
    const Ended broken = run({"status"}, 500, "oops");
    EXPECT_EQ(broken.code, 1);
    EXPECT_EQ(broken.error, "lamctl: lamd answered with status 500\n");
    EXPECT_THAT(run({"status"}, 503, "{}", "Retry-After: 7\r\n").error, HasSubstr("next: try again in 7 s\n"));
}

TEST_F(Commands, ALamdThatIsNotRunningIsToldApart) {
    lamd.stop();
    const Ended missing = run_alone({"--socket", lamd.socket(), "status"});
    EXPECT_EQ(missing.code, 8);
    EXPECT_EQ(missing.error, fmt::format("lamctl: lamd is not running: there is no socket {}\n"
                                         "next: start lamd with this socket, or leave --socket out for "
                                         "/run/lamd/lamd.sock\n",
                                         lamd.socket()));
    const std::string file = lamd.directory() + "/file";
    std::ofstream(file) << "no socket";
    EXPECT_EQ(run_alone({"--socket", file, "status"}).code, 8);
}

TEST_F(Commands, TheEnvironmentNamesTheSocketToo) {
    Program program({"status"}, {{{"LAMD_SOCKET", lamd.socket()}}, false, {}});
    Call call = lamd.accept();
    call.answer(200, api::encode(test::healthy_status()));
    EXPECT_EQ(program.finish().code, 0);
}

TEST_F(Commands, ASocketThatMayNotBeUsedIsToldApart) {
    chmod(lamd.socket().c_str(), 0);
    Program::Setup setup;
    if (geteuid() == 0) {  // Root may use every socket: somebody else asks, by a lamctl that they can read.
        const std::string copy = lamd.directory() + "/lamctl";
        std::filesystem::copy_file(LAMCTL_BIN, copy);
        chmod(lamd.directory().c_str(), 0755);
        setup.wrapper = {"/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", copy};
    }
    const Ended ended = Program(with_socket({"status"}), setup).finish();
    EXPECT_EQ(ended.code, 6);
    EXPECT_THAT(ended.error, HasSubstr(" may not connect to " + lamd.socket()));
    EXPECT_THAT(ended.error, HasSubstr("next: usermod -aG "));
}

TEST_F(Commands, AnswersThatAreWrongAreSaidToBe) {
    EXPECT_EQ(run({"status"}, 200, "<html>").error,
              "lamctl: lamd's answer to GET /lam/v1/status: not JSON: at byte 1 of 6\n"
              "next: lamctl version shows whether lamd and lamctl fit\n");
    Program program(with_socket({"status"}));
    Call call = lamd.accept();
    call.send("220 mail.example.org ESMTP\r\n\r\n");
    const Ended ended = program.finish();
    EXPECT_EQ(ended.code, 1);
    EXPECT_THAT(ended.error, HasSubstr(" is not lamd: "));
}

TEST_F(Commands, AnAnswerThatIsCutIsNoAnswer) {
    for (const std::string_view answer :
         {"", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nlamd_up 1\n"}) {
        Program program(with_socket({"metrics"}));
        Call call = lamd.accept();
        call.send(answer);
        call.close();
        const Ended ended = program.finish();
        EXPECT_EQ(ended.code, 1) << answer;
        EXPECT_NE(ended.error, "") << answer;
        EXPECT_EQ(ended.out, "") << answer;
    }
}

TEST_F(Commands, AnAnswerMayComeInPieces) {
    Program program(with_socket({"metrics"}));
    Call call = lamd.accept();
    const std::string answer =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=1\r\nde\r\n0\r\n\r\n";
    for (const char c : answer) {
        call.send(std::string_view(&c, 1));
    }
    const Ended ended = program.finish();
    EXPECT_EQ(ended.out, "abcde");
    EXPECT_EQ(ended.code, 0);
}

TEST_F(Commands, WrongCommandLinesExitWith2) {
    for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{{},
                                                                                       {"statsu"},
                                                                                       {"status", "--nope"},
                                                                                       {"status", "extra"},
                                                                                       {"reconnect"},
                                                                                       {"drain"},
                                                                                       {"drain", "a", "--timeout=5"},
                                                                                       {"cancel"},
                                                                                       {"probe", "a", "pigeon"},
                                                                                       {"wait", "--for=moon"},
                                                                                       {"wait", "--timeout", "5"},
                                                                                       {"completion", "tcsh"},
                                                                                       {"chat", "--max-tokens", "0"},
                                                                                       {"--socket"}}) {
        const Ended ended = run_alone(words);
        EXPECT_EQ(ended.code, 2) << testing::PrintToString(words);
        EXPECT_THAT(ended.error, StartsWith("lamctl: ")) << testing::PrintToString(words);
        EXPECT_EQ(ended.out, "");
    }
    EXPECT_THAT(run_alone({"statsu"}).error, StartsWith("lamctl: there is no command statsu\n"));
}

TEST_F(Commands, HelpIsNoError) {
    const Ended ended = run_alone({"--help"});
    EXPECT_EQ(ended.code, 0);
    EXPECT_THAT(ended.out, HasSubstr("Exit status:"));
    EXPECT_EQ(run_alone({"status", "--help"}).code, 0);
}

TEST_F(Commands, CheckIsLamdsOwn) {
    const std::string lamd_program = lamd.directory() + "/lamd";
    std::ofstream(lamd_program) << "#!/bin/sh\necho \"$1 $2\"\nexit 78\n";
    chmod(lamd_program.c_str(), 0755);
    std::filesystem::copy_file(LAMCTL_BIN, lamd.directory() + "/lamctl");
    const std::string command = lamd.directory() + "/lamctl check";
    FILE* pipe = popen((command + " /some/file").c_str(), "r");
    ASSERT_NE(pipe, nullptr);
    std::array<char, 256> line{};
    ASSERT_NE(fgets(line.data(), line.size(), pipe), nullptr);
    EXPECT_STREQ(line.data(), "--check-config /some/file\n");
    EXPECT_EQ(WEXITSTATUS(pclose(pipe)), 78);
}

}  // namespace
}  // namespace lamd::lamctl
