#include "tests/unit/config/support.h"

#include <gtest/gtest.h>

namespace lamd::config {
namespace {

using namespace std::chrono_literals;
using test::at, test::config_of, test::kServer, test::problems_of, test::warnings_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST(EnvironmentOverlay, FillsInWhatTheFileDoesNotSay) {
    const Config config = config_of(kServer, {{"LLM_COMM_MODE", "sse"},
                                              {"LLM_TIMEOUT", "60"},
                                              {"LLM_TEMPERATURE", "0.7"},
                                              {"LLM_TOP_P", "0.8"},
                                              {"LLM_MAX_TOKENS", "100"}});
    EXPECT_EQ(config.mode, Mode::sse);
    EXPECT_EQ(config.servers.at(0).deadlines.first, 60s);
    EXPECT_EQ(config.servers.at(0).deadlines.between, Deadlines{}.between);
    const RequestDefaults expected{.temperature = 0.7, .top_p = 0.8, .max_tokens = 100};
    EXPECT_EQ(config.defaults, expected);
}

TEST(EnvironmentOverlay, LetsTheFileWin) {
    const Config config = config_of(
        "servers: {g: {sse: http://h, deadlines: {first: 5s}}}\nmode: auto\n"
        "defaults: {temperature: 0.1}\n",
        {{"LLM_COMM_MODE", "sse"},
         {"LLM_SERVER_URL", "http://other"},
         {"LLM_TIMEOUT", "60"},
         {"LLM_TEMPERATURE", "0.7"},
         {"LLM_TOP_P", "0.8"}});
    EXPECT_EQ(config.mode, Mode::automatic);
    ASSERT_EQ(config.servers.size(), 1u);
    EXPECT_EQ(config.servers.at(0).name, "g");
    EXPECT_EQ(config.servers.at(0).deadlines.first, 5s);
    EXPECT_EQ(config.defaults.temperature, 0.1);
    EXPECT_EQ(config.defaults.top_p, 0.8);
}

TEST(EnvironmentOverlay, MakesAServerWhereNoneIsConfigured) {
    Server expected;
    expected.name = "default";
    expected.sse = {"http://localhost:8080"};
    expected.deadlines.first = 90s;
    EXPECT_THAT(config_of("", {{"LLM_SERVER_URL", "http://localhost:8080/"}, {"LLM_TIMEOUT", "90"}}).servers,
                ElementsAre(expected));
    EXPECT_THAT(problems_of("servers: {}\n", {{"LLM_SERVER_URL", "http://h"}}), ElementsAre(at(1, 1, "nothing to do")));
}

TEST(EnvironmentOverlay, TakesSecondsWithAndWithoutAUnit) {
    const auto first = [](const char* text) {
        return config_of(kServer, {{"LLM_TIMEOUT", text}}).servers.at(0).deadlines.first;
    };
    EXPECT_EQ(first("300"), 300s);
    EXPECT_EQ(first("0.5"), 500ms);
    EXPECT_EQ(first("2min"), 2min);
}

TEST(EnvironmentOverlay, IgnoresEmptyVariables) {
    const Environment empty{{"LLM_TIMEOUT", ""}, {"LLM_COMM_MODE", ""}, {"LLM_SERVER_URL", ""}, {"MQTT_PASSWORD", ""}};
    EXPECT_EQ(config_of(kServer, empty), config_of(kServer));
    EXPECT_THAT(warnings_of(kServer, empty), IsEmpty());
}

TEST(EnvironmentOverlay, NamesTheVariableThatIsWrong) {
    EXPECT_THAT(problems_of(kServer, {{"LLM_COMM_MODE", "both"},
                                      {"LLM_SERVER_URL", "localhost:8080"},
                                      {"LLM_TIMEOUT", "long"},
                                      {"LLM_TEMPERATURE", "3"},
                                      {"LLM_TOP_P", "2"},
                                      {"LLM_MAX_TOKENS", "0"}}),
                ElementsAre(at(0, 0, "environment variable LLM_COMM_MODE: \"both\" is not one of auto, sse or mqtt"),
                            at(0, 0, "environment variable LLM_MAX_TOKENS: \"0\" is out of range"),
                            at(0, 0, "environment variable LLM_SERVER_URL: \"localhost:8080\" is no URL; did you mean"),
                            at(0, 0, "environment variable LLM_TEMPERATURE: \"3\" is out of range"),
                            at(0, 0, "environment variable LLM_TIMEOUT: \"long\" is not a duration"),
                            at(0, 0, "environment variable LLM_TOP_P: \"2\" is out of range")));
    EXPECT_THAT(problems_of(kServer, {{"LLM_TIMEOUT", "86401"}}), ElementsAre(at(0, 0, "write 0s to 24h")));
}

TEST(EnvironmentOverlay, WarnsOfWhatItCannotHonour) {
    EXPECT_THAT(warnings_of(kServer, {{"LLM_COMM_MODE", "mqtt"},
                                      {"MQTT_BROKER_HOST", "h"},
                                      {"MQTT_BROKER_PORT", "1883"},
                                      {"MQTT_USERNAME", "u"},
                                      {"MQTT_PASSWORD", "hunter2"}}),
                ElementsAre(at(0, 0, "LLM_COMM_MODE: mqtt needs a broker; write mqtt: {brokers:"),
                            at(0, 0, "MQTT_BROKER_HOST is ignored"), at(0, 0, "MQTT_BROKER_PORT is ignored"),
                            at(0, 0, "MQTT_PASSWORD is ignored, and every process of this user can read it"),
                            at(0, 0, "MQTT_USERNAME is ignored")));
    EXPECT_EQ(config_of(kServer, {{"LLM_COMM_MODE", "mqtt"}}).mode, Mode::automatic);
}

TEST(EnvironmentOverlay, SaysWhatBecomesOfThinkingAndHistory) {
    const auto config = config_of(kServer, {{"LLM_SKIP_THINKING", "true"}, {"LLM_MAX_HISTORY_TOKENS", "900"}});
    EXPECT_EQ(config.defaults.skip_thinking, true);
    EXPECT_EQ(config.sessions.max_history_tokens, 900);
    EXPECT_THAT(problems_of(kServer, {{"LLM_SKIP_THINKING", "maybe"}}), ElementsAre(at(0, 0, "LLM_SKIP_THINKING")));
}

TEST(EnvironmentOverlay, NeverRepeatsThePassword) {
    EXPECT_THAT(format(warnings_of(kServer, {{"MQTT_PASSWORD", "hunter2"}}), "f"), Not(HasSubstr("hunter2")));
    EXPECT_THAT(format(problems_of("", {{"LLM_SERVER_URL", "http://u:hunter2@h"}}), "f"), Not(HasSubstr("hunter2")));
}

}  // namespace
}  // namespace lamd::config
