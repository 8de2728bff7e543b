// The files that are installed and the manual, against the code that reads them.
#include "config/dump.h"
#include "tests/unit/config/full_config.h"
#include "tests/unit/config/support.h"

#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <regex>
#include <set>
#include <sstream>

namespace lamd::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kGpuMachine = "etc/gpu-machine.yaml";
constexpr const char* kWebServer = "etc/web-server.yaml";

std::string read(const std::string& path) {
    std::ifstream stream(std::string(LAMD_SOURCE_DIR "/") + path);
    EXPECT_TRUE(stream) << path;
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
}

/// Any name is somebody: the examples name groups of a real machine.
LoadResult load_anywhere(const std::string& text) {
    const auto anyone = [](const std::string&) { return std::optional<std::uint32_t>(1); };
    return load_text(text,
                     {{"CREDENTIALS_DIRECTORY", "/run/credentials/lamd.service"}, {"SSH_AUTH_SOCK", "/run/agent.sock"}},
                     {.user = anyone, .group = anyone});
}

Config checked(const std::string& text) {
    const LoadResult loaded = load_anywhere(text);
    EXPECT_TRUE(loaded) << format(loaded.error(), "example") << text;
    return loaded ? loaded->config : Config();
}

/// With every option that is only shown (`# key: value`) switched on.
std::string uncommented(const std::string& text) {
    static const std::regex option(R"(^( *)# ( *(?:- )?[a-z_]+:(?: .*)?)$)");
    std::istringstream lines(text);
    std::string result;
    for (std::string line; std::getline(lines, line);) {
        result += std::regex_replace(line, option, "$1$2") + "\n";
    }
    return result;
}

TEST(GpuMachineExample, LoadsWithoutAWarning) {
    const LoadResult loaded = load_anywhere(read(kGpuMachine));
    ASSERT_TRUE(loaded) << format(loaded.error(), kGpuMachine);
    EXPECT_THAT(loaded->warnings, IsEmpty());
    ASSERT_EQ(loaded->config.tunnels.size(), 1u);
    EXPECT_EQ(to_string(loaded->config.tunnels.at(0).forwards.at(0).target), "127.0.0.1:8080");
}

TEST(GpuMachineExample, ShowsOptionsThatWorkAndTheirDefaults) {
    const Config plain = checked(read(kGpuMachine));
    Config full = checked(uncommented(read(kGpuMachine)));
    ASSERT_EQ(full.tunnels.size(), 1u);
    Tunnel& tunnel = full.tunnels.front();
    EXPECT_EQ(tunnel.forwards.size(), 2u);
    EXPECT_THAT(tunnel.forwards.at(0).alternates, ElementsAre(8081, 8082));
    EXPECT_EQ(tunnel.agent, "/run/agent.sock");
    EXPECT_TRUE(tunnel.passphrase_file);
    EXPECT_TRUE(tunnel.host_key);
    tunnel.forwards = plain.tunnels.at(0).forwards;
    tunnel.agent.reset();
    tunnel.passphrase_file.reset();
    tunnel.host_key.reset();
    ASSERT_TRUE(full.worker);
    EXPECT_EQ(full.worker->listen, Worker{}.listen);
    EXPECT_EQ(full.worker->lease, Worker{}.lease);
    EXPECT_EQ(full.worker->stream_journal, Worker{}.stream_journal);
    EXPECT_EQ(full.worker->journal, Worker{}.journal);
    EXPECT_EQ(full.worker->keep, Worker{}.keep);
    full.worker.reset();
    full.mqtt.reset();
    EXPECT_EQ(full, plain) << to_yaml(full);
}

TEST(WebServerExample, LoadsWithoutAWarning) {
    const LoadResult loaded = load_anywhere(read(kWebServer));
    ASSERT_TRUE(loaded) << format(loaded.error(), kWebServer);
    EXPECT_THAT(loaded->warnings, IsEmpty());
    ASSERT_EQ(loaded->config.servers.size(), 1u);
    EXPECT_EQ(loaded->config.servers.at(0).sse.at(0), "http://127.0.0.1:8080");
}

TEST(WebServerExample, ShowsOptionsThatWorkAndTheirDefaults) {
    const Config plain = checked(read(kWebServer));
    Config full = checked(uncommented(read(kWebServer)));
    ASSERT_EQ(full.servers.size(), 1u);
    EXPECT_THAT(full.servers.at(0).models, ElementsAre("qwen"));
    EXPECT_EQ(full.servers.at(0).api_key_file, "/run/credentials/lamd.service/llama_key");
    EXPECT_EQ(full.defaults.max_tokens, 512);
    EXPECT_EQ(full.defaults.skip_thinking, true);
    EXPECT_EQ(full.servers.at(0).slots, 4u);
    full.servers.at(0).slots.reset();
    ASSERT_EQ(full.models.size(), 1u);
    EXPECT_THAT(full.models.front().fallback, ElementsAre("small"));
    EXPECT_EQ(full.models.front().defaults.skip_thinking, true);
    full.models.clear();
    EXPECT_EQ(full.servers.at(0).mqtt, "gpu1");
    EXPECT_EQ(full.mqtt.value().site, "home");
    EXPECT_EQ(full.dashboard, (Dashboard{.listen = {"127.0.0.1", 8090}}));
    full.dashboard.reset();
    full.servers.at(0).mqtt.reset();
    full.mqtt.reset();
    full.servers.at(0).models.clear();
    full.servers.at(0).api_key_file.reset();
    full.defaults = {};
    EXPECT_EQ(full, plain) << to_yaml(full);
}

TEST(Examples, AreReadWherverTheyAreCutOrDamaged) {
    std::mt19937 random(42);
    for (const std::string& text : {read(kGpuMachine), uncommented(read(kWebServer))}) {
        for (std::size_t length = 0; length <= text.size(); length += 1 + random() % 7) {
            std::string damaged = text.substr(0, length);
            EXPECT_NO_THROW({
                const LoadResult cut = load_anywhere(damaged);
                EXPECT_TRUE(cut || !cut.error().empty());
                if (!damaged.empty()) {
                    damaged[random() % damaged.size()] = static_cast<char>(random() % 256);
                }
                const LoadResult changed = load_anywhere(damaged);
                EXPECT_TRUE(changed || !changed.error().empty());
            }) << damaged;
        }
    }
}

TEST(Manual, HasEveryKey) {
    const std::string manual = read("docs/man/lamd.yaml.5");
    const std::string yaml = to_yaml(test::full_config());
    static const std::regex pattern(R"((?:^|\n) *(?:- )?([a-z_]+):)");
    std::set<std::string> keys;
    for (std::sregex_iterator key(yaml.begin(), yaml.end(), pattern), end; key != end; ++key) {
        keys.insert((*key)[1]);
    }
    EXPECT_EQ(keys.size(), 107u) << "a key was added: describe it";
    for (const std::string& key : keys) {
        EXPECT_THAT(manual, HasSubstr("\n.It Ic " + key)) << key;
    }
}

}  // namespace
}  // namespace lamd::config
