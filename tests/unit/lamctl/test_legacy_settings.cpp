#include "lamctl/legacy_settings.h"

#include <gmock/gmock.h>

namespace lamd::lamctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const Import kImport{".env", "/etc/lamd/mqtt.password", "prompt_portal"};

Outcome<Imported> import(std::string_view text) {
    const auto settings = read_env(text);
    EXPECT_TRUE(settings);
    return import_settings(*settings, kImport);
}

Imported made(std::string_view text) {
    auto imported = import(text);
    EXPECT_TRUE(imported) << (imported ? "" : imported.error().message);
    return imported ? *imported : Imported();
}

TEST(LegacySettings, BecomeAServerBehindATunnel) {
    const auto imported = made(
        "LLM_COMM_MODE=sse\nLLM_SERVER_URL=http://localhost:8888/v1/"
        "\nLLM_TIMEOUT=300\nLLM_TEMPERATURE=0.6\nLLM_TOP_P=0.9\n"
        "LLM_MAX_TOKENS=512\nLLM_SKIP_THINKING=True\nLLM_MAX_HISTORY_TOKENS=10000\nDATABASE_URL=x\n");
    EXPECT_EQ(imported.yaml,
              "# lamd on the web server, made by `lamctl import-env` of .env. All keys are in lamd.yaml(5).\n\n"
              "servers:\n  gpu:\n    sse: \"http://127.0.0.1:8888\"\n    deadlines:\n      first: 300s\n\n"
              "defaults:\n  temperature: 0.6\n  top_p: 0.9\n  max_tokens: 512\n  skip_thinking: true\n\n"
              "sessions:\n  max_history_tokens: 10000\n");
    EXPECT_THAT(imported.remarks, IsEmpty());
    EXPECT_EQ(imported.password, "");
}

TEST(LegacySettings, BecomeABridgeBehindABroker) {
    const auto imported =
        made("LLM_COMM_MODE=mqtt\nMQTT_BROKER_HOST=mq.example.org\nMQTT_USERNAME=me\nMQTT_PASSWORD='p\"w'\n");
    EXPECT_THAT(imported.yaml, HasSubstr("servers:\n  gpu:\n    bridge: \"prompt_portal\""));
    EXPECT_THAT(imported.yaml, HasSubstr("mqtt:\n  brokers:\n    - url: \"mqtt://mq.example.org:1883\"\n"
                                         "      username: \"me\"\n      password_file: \"/etc/lamd/mqtt.password\"\n"));
    EXPECT_THAT(imported.yaml, Not(HasSubstr("sse:")));
    EXPECT_THAT(imported.yaml, Not(HasSubstr("p\"w")));
    EXPECT_EQ(imported.password, "p\"w");
    EXPECT_THAT(imported.remarks, ElementsAre(HasSubstr("without TLS")));
    EXPECT_THAT(made("LLM_COMM_MODE=mqtt\nMQTT_BROKER_HOST=b\nMQTT_BROKER_PORT=8883\n").yaml,
                HasSubstr("\"mqtts://b:8883\""));
}

TEST(LegacySettings, BecomeBothWaysWhereBothAreThere) {
    const auto imported =
        made("LLM_COMM_MODE=sse\nLLM_SERVER_URL=http://192.0.2.1:8080\nMQTT_BROKER_HOST=b\nMQTT_BROKER_PORT=8883\n");
    EXPECT_THAT(imported.yaml, HasSubstr("    sse: \"http://192.0.2.1:8080\"\n    bridge: "));
    EXPECT_THAT(imported.remarks, ElementsAre(HasSubstr("lamctl switch-mode sse")));
}

TEST(LegacySettings, NameWhatIsWrongAndWhatMeansNothing) {
    const auto wrong = import(
        "LLM_COMM_MODE=http\nLLM_TEMPERATURE=hot\nLLM_MAX_TOKENS=1.5\nMQTT_BROKER_PORT=0\n"
        "MQTT_BROKER_HOST=b\nLLM_SKIP_THINKING=maybe\nLLM_TIMEOUT=-1\n");
    ASSERT_FALSE(wrong);
    for (const auto* part :
         {"line 1: LLM_COMM_MODE is none of sse, mqtt and auto", "line 2: LLM_TEMPERATURE is not a number from 0 to 2",
          "line 3: LLM_MAX_TOKENS is not a whole number",
          "line 4: MQTT_BROKER_PORT is not a whole number from 1 to 65535",
          "line 6: LLM_SKIP_THINKING is neither true nor false", "line 7: LLM_TIMEOUT is not a number"}) {
        EXPECT_THAT(wrong.error().message, HasSubstr(part));
    }
    EXPECT_THAT(import("MQTT_BROKER_HOST=b\nMQTT_PASSWORD=x\n").error().message,
                HasSubstr("line 2: MQTT_PASSWORD has no"));
    EXPECT_THAT(import("LLM_COMM_MODE=mqtt\n").error().message, HasSubstr("there is no MQTT_BROKER_HOST"));
    EXPECT_THAT(made("LLM_COMM_MODE=sse\nLLM_MODEL=x\n").remarks,
                ElementsAre("line 2: LLM_MODEL means nothing to lamd"));
    EXPECT_THAT(made("OTHER=1\n").remarks, ElementsAre(HasSubstr("http://127.0.0.1:8080")));
}

TEST(LegacySettings, QuoteWhatTheyWrite) {
    EXPECT_THAT(made("LLM_SERVER_URL='http://h/\\\"x'\n").yaml, HasSubstr("sse: \"http://h/\\\\\\\"x\"\n"));
    EXPECT_THAT(made("LLM_SERVER_URL=\"http://h/\\nservers: {}\"\n").yaml,
                HasSubstr("sse: \"http://h/\\x0aservers: {}\"\n"));
}

}  // namespace
}  // namespace lamd::lamctl
