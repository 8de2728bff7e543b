#include "config/check_files.h"
#include "config/dump.h"
#include "tests/unit/config/support.h"

#include <gtest/gtest.h>

namespace lamd::config {
namespace {

using namespace std::chrono_literals;
using test::at, test::config_of, test::problems_of;
using testing::_;
using testing::ElementsAre;

const std::string kBrokers = "mqtt: {brokers: [{url: mqtt://h}]}\n";

std::string with_legacy(const std::string& legacy) {
    return kBrokers + "worker:\n  name: a\n  server: http://127.0.0.1:8080\n  legacy:\n" + legacy;
}

Legacy legacy_of(const std::string& legacy) {
    const auto config = config_of(with_legacy(legacy));
    return config.worker && config.worker->legacy ? *config.worker->legacy : Legacy{};
}

TEST(LegacyConfig, HasTheDefaultsOfTheBridges) {
    const auto legacy = legacy_of("    projects: {prompt_portal: {}}\n");
    EXPECT_EQ(legacy.service, "lam-legacy-a");
    EXPECT_EQ(legacy.history_tokens, 10'000u);
    EXPECT_EQ(legacy.sessions, 100u);
    EXPECT_EQ(legacy.expire, 3600s);
    EXPECT_EQ(legacy.timeout, 300s);
    EXPECT_EQ(legacy.answers, 8u);
    EXPECT_EQ(legacy.queue, 64u);
    LegacyProject project;
    project.name = "prompt_portal";
    project.defaults = {.temperature = 0.6, .top_p = 0.9, .max_tokens = 512};
    EXPECT_THAT(legacy.projects, ElementsAre(project));
}

TEST(LegacyConfig, ReadsEveryKey) {
    const auto legacy = legacy_of(
        "    service: bridge-7\n    model: qwen\n    max_history_tokens: 5\n    sessions: 6\n    expire: 7s\n"
        "    timeout: 8s\n    answers: 9\n    queue: 10\n    temperature: 0.1\n"
        "    projects:\n      b: {system_prompt: Be kind., top_p: 0.2, max_tokens: 3}\n"
        "      a: {system_prompt_file: /p, state: true, temperature: 0.4}\n");
    EXPECT_EQ(legacy.service, "bridge-7");
    EXPECT_EQ(legacy.model, "qwen");
    EXPECT_EQ(legacy.history_tokens, 5u);
    EXPECT_EQ(legacy.sessions, 6u);
    EXPECT_EQ(legacy.expire, 7s);
    EXPECT_EQ(legacy.timeout, 8s);
    EXPECT_EQ(legacy.answers, 9u);
    EXPECT_EQ(legacy.queue, 10u);
    LegacyProject b;
    b.name = "b";
    b.system_prompt = "Be kind.";
    b.defaults = {.temperature = 0.1, .top_p = 0.2, .max_tokens = 3};
    LegacyProject a;
    a.name = "a";
    a.system_prompt_file = "/p";
    a.has_state = true;
    a.defaults = {.temperature = 0.4, .top_p = 0.9, .max_tokens = 512};
    EXPECT_THAT(legacy.projects, ElementsAre(b, a)) << "in the order of the file: the first one has the status";
}

TEST(LegacyConfig, TakesToolsAsOpenAiWritesThem) {
    const auto legacy = legacy_of(R"(    projects:
      maze:
        tools:
          - type: function
            function:
              name: break_wall
              strict: true
              parameters:
                type: object
                properties: {x: {type: integer, minimum: -1.5e3}, y: {type: "5", enum: ["true", no, 01]}}
                required: [x, y]
                default:
)");
    ASSERT_EQ(legacy.projects.size(), 1u);
    EXPECT_EQ(legacy.projects[0].tools,
              R"([{"type": "function", "function": {"name": "break_wall", "strict": true, "parameters": )"
              R"({"type": "object", "properties": {"x": {"type": "integer", "minimum": -1.5e3}, )"
              R"("y": {"type": "5", "enum": ["true", "no", "01"]}}, "required": ["x", "y"], "default": null}}}])");
}

TEST(LegacyConfig, IsReadBackFromItsDump) {
    const auto config = config_of(
        with_legacy(
            "    projects:\n      maze:\n        state: true\n        system_prompt: 'a \"b\" \\ c'\n        tools:\n"
            "          - {type: function, function: {name: \"q\\\"\", parameters: {n: -0.5, t: \"1\", b: true, z: "
            "~}}}\n") +
        "servers: {old: {bridge: {project: maze, status: p}}, two: {bridge: p, sse: http://h}}\n");
    EXPECT_EQ(config_of(to_yaml(config)), config) << to_yaml(config);
}

TEST(LegacyConfig, SaysWhatIsWrong) {
    EXPECT_THAT(problems_of(with_legacy("    service: x\n")), ElementsAre(at(_, _, "worker.legacy.projects: missing")));
    EXPECT_THAT(problems_of(with_legacy("    projects: {}\n")),
                ElementsAre(at(_, _, "worker.legacy.projects: there is none")));
    EXPECT_THAT(problems_of(with_legacy("    projects: {a/b: {}}\n")), ElementsAre(at(_, _, "cannot be a project")));
    EXPECT_THAT(problems_of(with_legacy("    projects: {a: {tools: [break_wall]}}\n")),
                ElementsAre(at(_, _, "worker.legacy.projects.a.tools[0]: this is no tool")));
    EXPECT_THAT(problems_of(with_legacy("    projects: {a: {tools: [{type: function, function: {}}]}}\n")),
                ElementsAre(at(_, _, "tools[0]: this is no tool")));
    EXPECT_THAT(problems_of(with_legacy("    projects: {a: {system_prompt: x, system_prompt_file: /p}}\n")),
                ElementsAre(at(_, _, "the prompt is there already")));
    EXPECT_THAT(problems_of(with_legacy("    projects: {a: {temprature: 1}}\n")),
                ElementsAre(at(_, _, "did you mean temperature?")));
    EXPECT_THAT(problems_of(with_legacy("    sessions: 0\n    projects: {a: {}}\n")),
                ElementsAre(at(_, _, "worker.legacy.sessions: \"0\" is out of range")));
    EXPECT_THAT(problems_of("worker: {server: http://h, legacy: {projects: {a: {}}}}\n"),
                ElementsAre(at(_, _, "worker.legacy: there is no broker")));
}

TEST(LegacyConfig, LooksForTheFilesOfPrompts) {
    const auto config = config_of(with_legacy("    projects: {a: {system_prompt_file: /nonexistent/prompt}}\n"));
    EXPECT_THAT(
        check_files(config).problems,
        ElementsAre(at(0, 0, "worker.legacy.projects.a.system_prompt_file: /nonexistent/prompt: No such file")));
}

TEST(BridgeConfig, IsAWayToAServer) {
    const auto config = config_of(kBrokers +
                                  "servers:\n  one: {bridge: maze}\n"
                                  "  two: {bridge: {project: maze, status: portal}, sse: http://h}\n");
    ASSERT_EQ(config.servers.size(), 2u);
    EXPECT_EQ(config.servers[0].bridge, (Bridge{"maze", "maze"}));
    EXPECT_TRUE(config.servers[0].sse.empty());
    EXPECT_EQ(config.servers[1].bridge, (Bridge{"maze", "portal"}));
}

TEST(BridgeConfig, SaysWhatIsWrong) {
    EXPECT_THAT(problems_of("servers: {a: {bridge: maze}}\n"),
                ElementsAre(at(1, _, "servers.a.bridge: there is no broker")));
    EXPECT_THAT(problems_of(kBrokers + "servers: {a: {bridge: maze, mqtt: gpu}}\n"),
                ElementsAre(at(2, _, "servers.a.bridge: a server has a worker (mqtt) or a bridge")));
    EXPECT_THAT(problems_of(kBrokers + "servers: {a: {bridge: a/b}}\n"), ElementsAre(at(2, _, "cannot be a project")));
    EXPECT_THAT(problems_of(kBrokers + "servers: {a: {bridge: {status: b}}}\n"),
                ElementsAre(at(2, _, "servers.a.bridge.project: missing")));
    EXPECT_THAT(problems_of(kBrokers + "servers: {a: {bridge: [x]}}\n"),
                ElementsAre(at(2, _, "servers.a.bridge: a mapping is expected")));
}

}  // namespace
}  // namespace lamd::config
