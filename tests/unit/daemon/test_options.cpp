#include "daemon/options.h"

#include "daemon/configuration.h"
#include "daemon/exit_code.h"
#include "daemon/log_sinks.h"
#include "temporary_directory.h"

#include <gmock/gmock.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <vector>

namespace lamd::daemon {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::variant<Options, Ending> parse(std::vector<const char*> words) {
    words.insert(words.begin(), "lamd");
    return parse_options(static_cast<int>(words.size()), words.data());
}

TEST(Options, HaveDefaults) {
    const auto options = std::get<Options>(parse({}));
    EXPECT_EQ(options.config, "/etc/lamd/lamd.yaml");
    EXPECT_FALSE(options.check || options.log_format || options.log_level);
}

TEST(Options, AreRead) {
    const auto options = std::get<Options>(parse({"--config", "/x", "--log-format=json", "--log-level", "debug"}));
    EXPECT_EQ(options.config, "/x");
    EXPECT_EQ(options.log_format, config::LogFormat::json);
    EXPECT_EQ(options.log_level, log::Level::debug);
    EXPECT_EQ(std::get<Options>(parse({"--check-config", "/y"})).check, "/y");
}

TEST(Options, EndWithAnswersAndMistakes) {
    EXPECT_EQ(std::get<Ending>(parse({"--version"})).exit_code, kExitDone);
    EXPECT_THAT(std::get<Ending>(parse({"--version"})).text, HasSubstr("lamd "));
    EXPECT_THAT(std::get<Ending>(parse({"--help"})).text, HasSubstr("--check-config"));
    EXPECT_EQ(std::get<Ending>(parse({"--nonsense"})).exit_code, kExitUsage);
    EXPECT_EQ(std::get<Ending>(parse({"--log-format=loud"})).exit_code, kExitUsage);
    EXPECT_EQ(std::get<Ending>(parse({"extra"})).exit_code, kExitUsage);
}

TEST(Configuration, IsOverruledByTheCommandLine) {
    const TemporaryDirectory directory;
    std::ofstream(directory / "c")
        << "log: {level: error, format: text}\nservers: {gpu: {sse: \"http://127.0.0.1:1\"}}\n";
    Options options;
    options.config = directory / "c";
    const auto as_written = read_configuration(options, {});
    ASSERT_TRUE(as_written) << format(as_written.error(), options.config);
    EXPECT_EQ(as_written->config.log.level, log::Level::error);
    options.log_level = log::Level::debug;
    options.log_format = config::LogFormat::json;
    const auto loaded = read_configuration(options, {});
    EXPECT_EQ(loaded->config.log, (config::Log{log::Level::debug, config::LogFormat::json}));
}

TEST(Configuration, IsNotAcceptedWithoutTheFilesItNames) {
    const TemporaryDirectory directory;
    std::ofstream(directory / "c") << "tunnels: {b: {host: b.example.org, user: lam, identity: " << directory / "none"
                                   << ", forwards: [{remote: 8080, target: \"127.0.0.1:8080\"}]}}\n";
    Options options;
    options.config = directory / "c";
    const auto loaded = read_configuration(options, {});
    ASSERT_FALSE(loaded);
    EXPECT_THAT(format(loaded.error(), "c"), HasSubstr(directory / "none"));
}

TEST(Configuration, TellsWhatAReloadDoesAndWhatItCannot) {
    const config::Config before;
    auto after = before;
    EXPECT_THAT(needs_restart(before, after), IsEmpty());
    EXPECT_THAT(changes_in_place(before, after), IsEmpty());
    after.socket.path = "/other";
    after.socket.mode = 0600;
    after.log.format = config::LogFormat::json;
    EXPECT_THAT(needs_restart(before, after), ElementsAre("socket.path", "log.format"));
    EXPECT_THAT(changes_in_place(before, after), ElementsAre("socket"));
    after.socket.connections = 1;
    after.log.level = log::Level::debug;
    after.servers.resize(1);
    EXPECT_THAT(changes_in_place(before, after), ElementsAre("servers", "socket", "log.level"));
    EXPECT_EQ(describe_reload({}, {}), "nothing changed");
    EXPECT_EQ(describe_reload({"tunnel a added", "servers"}, {"socket.path"}),
              "tunnel a added, servers; only a restart changes socket.path");
}

TEST(Configuration, TellsWhatAReloadDoesToTheWorker) {
    config::Config before;
    auto after = before;
    after.worker.emplace().name = "a";
    EXPECT_THAT(changes_in_place(before, after), ElementsAre("worker"));
    EXPECT_THAT(needs_restart(before, after), IsEmpty());
    before = after;
    after.worker->lease += std::chrono::seconds(1);
    EXPECT_THAT(changes_in_place(before, after), ElementsAre("worker"));
    EXPECT_THAT(needs_restart(before, after), IsEmpty());
    after = before;
    after.worker->run.emplace();
    EXPECT_THAT(changes_in_place(before, after), ElementsAre("worker.run"));
    after = before;
    after.worker->name = "b";
    EXPECT_THAT(changes_in_place(before, after), IsEmpty());
    EXPECT_THAT(needs_restart(before, after), ElementsAre("worker.name"));
    after.worker.reset();
    EXPECT_THAT(changes_in_place(before, after), IsEmpty());
    EXPECT_THAT(needs_restart(before, after), ElementsAre("worker"));
}

class FixedClock final : public Clock {
public:
    Instant now() const override {
        return {};
    }
    WallTime wall() const override {
        return {};
    }
};

TEST(JsonSink, WritesOneObjectPerLine) {
    std::ostringstream out;
    const FixedClock clock;
    JsonSink sink(out, clock);
    const log::Field fields[] = {{"tunnel", "ho\nme"}, {"bytes", "\xff"}};
    sink.write(log::Level::warning, "it \"broke\"", fields);
    const auto line = out.str();
    EXPECT_EQ(line.find('\n'), line.size() - 1);
    const auto json = nlohmann::json::parse(line);
    EXPECT_EQ(json["time"], "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(json["level"], "warning");
    EXPECT_EQ(json["message"], "it \"broke\"");
    EXPECT_EQ(json["tunnel"], "ho\nme");
}

TEST(TextSink, QuotesFieldsWhereItMust) {
    const log::Field fields[] = {{"tunnel", "home"}, {"reason", "no \"route\"\nat all"}, {"empty", ""}};
    EXPECT_EQ(to_text(fields), " tunnel=home reason=\"no 'route' at all\" empty=\"\"");
}

TEST(TextSink, WritesPlainLinesToAFile) {
    testing::internal::CaptureStderr();
    TextSink sink;
    const log::Field fields[] = {{"tunnel", "home"}};
    sink.write(log::Level::info, "up {}", fields);
    EXPECT_THAT(testing::internal::GetCapturedStderr(),
                testing::MatchesRegex("[0-9-]+ [0-9:.]+ info    up \\{\\} tunnel=home\n"));
}

}  // namespace
}  // namespace lamd::daemon
