#include "tests/unit/config/support.h"

#include <gtest/gtest.h>

namespace lamd::config {
namespace {

using namespace std::chrono_literals;
using test::at, test::config_of, test::problems_of;
using testing::ElementsAre;

TEST(ServerConfig, HasDefaults) {
    Server expected;
    expected.name = "gpu1";
    expected.sse = {"http://127.0.0.1:8080"};
    EXPECT_THAT(config_of("servers:\n  gpu1: {sse: http://127.0.0.1:8080/}\n").servers, ElementsAre(expected));
}

TEST(ServerConfig, ReadsEveryKey) {
    const Config config = config_of(
        "servers:\n  gpu1:\n    sse: unix:/run/llama.sock\n    api_key_file: credential:key\n    models: [qwen, 'l "
        "3']\n"
        "    probe_interval: 500ms\n    wedged_after: 90s\n    deadlines: {connect: 1s, first: 2min, between: 3s, "
        "total: 1h}\n",
        {{"CREDENTIALS_DIRECTORY", "/c"}});
    Server expected;
    expected.name = "gpu1";
    expected.sse = {"unix:/run/llama.sock"};
    expected.api_key_file = "/c/key";
    expected.models = {"qwen", "l 3"};
    expected.probe_interval = 500ms;
    expected.wedged_after = 90s;
    expected.deadlines = {.connect = 1s, .first = 2min, .between = 3s, .total = 1h};
    EXPECT_THAT(config.servers, ElementsAre(expected));
}

TEST(ServerConfig, MayNameATunnelInsteadOfAnAddress) {
    EXPECT_EQ(config_of("servers:\n  g: {sse: 'tunnel:home'}\n").servers[0].sse.at(0), "tunnel:home");
    EXPECT_EQ(problems_of("servers:\n  g: {sse: 'tunnel:Home'}\n").size(), 1U);
}

TEST(ServerConfig, NeedsAUrl) {
    EXPECT_THAT(problems_of("servers:\n  gpu1: {models: [a]}\n  gpu2: {sse: localhost:8080}\n"),
                ElementsAre(at(2, 3, "servers.gpu1.sse: missing; write sse: http://127.0.0.1:8080"),
                            at(3, 15, "servers.gpu2.sse: \"localhost:8080\" is no URL; did you mean http://")));
}

TEST(ServerConfig, RefusesValuesOutOfRange) {
    EXPECT_THAT(problems_of("servers:\n  g:\n    sse: http://h\n    probe_interval: 10ms\n    models: ['']\n"
                            "    deadlines: {connect: 25h, first: 300, between: -1s, total: 1}\n"),
                ElementsAre(at(4, 21, "servers.g.probe_interval: \"10ms\" is out of range; write 100ms to 10min"),
                            at(5, 14, "servers.g.models[0]: \"\" cannot be the name of a model"),
                            at(6, 26, "servers.g.deadlines.connect: \"25h\" is out of range; write 0s to 24h"),
                            at(6, 38, "servers.g.deadlines.first: \"300\" has no unit; for seconds write 300s"),
                            at(6, 52, "servers.g.deadlines.between: \"-1s\" is not a duration"),
                            at(6, 64, "servers.g.deadlines.total: \"1\" has no unit")));
}

TEST(ServerConfig, NamesWhatIsUnknown) {
    EXPECT_THAT(problems_of("servers:\n  g:\n    sse: http://h\n    url: http://h\n    api_key: x\n"
                            "    deadlines: {frist: 1s}\n"),
                ElementsAre(at(4, 5, "servers.g.url: unknown key; did you mean sse?"),
                            at(5, 5, "servers.g.api_key: unknown key; secrets are never in the configuration"),
                            at(6, 17, "servers.g.deadlines.frist: unknown key; did you mean first?")));
}

TEST(ServerConfig, ChecksNamesAndShapes) {
    EXPECT_THAT(
        problems_of("servers:\n  GPU: {sse: http://h}\n  b: http://h\n  c: {sse: http://h, models: qwen}\n"),
        ElementsAre(at(2, 3, "servers: \"GPU\" cannot be a name"), at(3, 6, "servers.b: a mapping is expected here"),
                    at(4, 30, "servers.c.models: a list is expected here")));
    EXPECT_THAT(problems_of("servers: http://h\n"), ElementsAre(at(1, 10, "servers: a mapping is expected")));
    EXPECT_THAT(problems_of("servers:\n  b: {sse: http://h, deadlines: 5s}\n"),
                ElementsAre(at(2, 33, "servers.b.deadlines: a mapping is expected")));
}

TEST(RequestDefaultsConfig, AreLeftToTheServerUnlessGiven) {
    EXPECT_EQ(config_of("servers: {g: {sse: http://h}}\n").defaults, RequestDefaults{});
    const RequestDefaults expected{.temperature = 0.6, .top_p = 0.9, .max_tokens = 512};
    EXPECT_EQ(config_of("servers: {g: {sse: http://h}}\ndefaults: {temperature: 0.6, top_p: 0.9, max_tokens: 512}\n")
                  .defaults,
              expected);
}

TEST(RequestDefaultsConfig, HaveRanges) {
    EXPECT_THAT(problems_of("servers: {g: {sse: http://h}}\n"
                            "defaults: {temperature: 2.1, top_p: -0.1, max_tokens: 0, top_k: 4}\n"),
                ElementsAre(at(2, 25, "defaults.temperature: \"2.1\" is out of range; write 0 to 2"),
                            at(2, 37, "defaults.top_p: \"-0.1\" is out of range; write 0 to 1"),
                            at(2, 55, "defaults.max_tokens: \"0\" is out of range; write 1 to 10000000"),
                            at(2, 58, "defaults.top_k: unknown key; did you mean top_p?")));
    EXPECT_THAT(problems_of("servers: {g: {sse: http://h}}\ndefaults: {temperature: hot, max_tokens: 1.5}\n"),
                ElementsAre(at(2, 25, "\"hot\" is not a number"), at(2, 42, "\"1.5\" is not a whole number")));
}

}  // namespace
}  // namespace lamd::config
