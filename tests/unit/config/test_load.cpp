#include "config/document.h"
#include "tests/unit/config/support.h"
#include "tests/unit/config/temporary_directory.h"

#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

namespace lamd::config {
namespace {

using namespace std::chrono_literals;
using test::at, test::config_of, test::kServer, test::problems_of, test::TemporaryDirectory;
using testing::ElementsAre;
using testing::HasSubstr;

Problems problems_of_file(const std::string& path) {
    const LoadResult loaded = load_file(path, test::kNoEnvironment, test::accounts());
    return loaded ? Problems() : loaded.error();
}

TEST(Load, ReadsTheTopLevel) {
    const Config config = config_of(kServer + "mode: sse\nstop_timeout: 5s\n");
    EXPECT_EQ(config.mode, Mode::sse);
    EXPECT_EQ(config.stop_timeout, 5s);
    EXPECT_EQ(config_of(kServer + "mode: auto\n").mode, Mode::automatic);
    EXPECT_EQ(config_of(kServer).stop_timeout, 30s);
    EXPECT_EQ(config_of(kServer + "stop_timeout: 0s\n").stop_timeout, 0s);
}

TEST(Load, RefusesWrongValuesOfTheTopLevel) {
    EXPECT_THAT(problems_of(kServer + "mode: both\nstop_timeout: 2h\nserver: {}\nbrokers: {}\n"),
                ElementsAre(at(2, 7, "mode: \"both\" is not one of auto, sse or mqtt"),
                            at(3, 15, "stop_timeout: \"2h\" is out of range; write 0s to 1h"),
                            at(4, 1, "server: unknown key; did you mean servers?"),
                            at(5, 1, "brokers: unknown key; brokers have a section of their own: mqtt:")));
}

TEST(Load, SaysWhatToWriteWhenThereIsNothingToDo) {
    for (const char* text : {"", "# nothing\n", "mode: auto\n", "tunnels: {}\nservers: {}\n"}) {
        EXPECT_THAT(problems_of(text), ElementsAre(at(1, 1,
                                                      "neither tunnels nor servers are configured; on the machine "
                                                      "with the GPU write tunnels:")))
            << text;
    }
}

TEST(Load, DoesNotSayThatNothingIsThereWhenItIsWrong) {
    EXPECT_THAT(problems_of("servers: 1\n"), ElementsAre(at(1, 10, "a mapping is expected")));
    EXPECT_THAT(problems_of("servers:\n"), ElementsAre(at(1, 1, "servers: it has no value")));
}

TEST(Load, WantsAMapping) {
    for (const char* text : {"- a\n", "hello\n"}) {
        EXPECT_THAT(problems_of(text), ElementsAre(at(1, 1, "the configuration must be keys with values")));
    }
}

TEST(Load, TellsSyntaxErrorsAlone) {
    EXPECT_THAT(problems_of("colour: red\nservers: [\n"), ElementsAre(at(2, 1, "a [ is not closed")));
}

TEST(Load, TellsEveryProblemInTheOrderOfTheFile) {
    EXPECT_THAT(
        problems_of("stop_timeout: 1\nservers: {g: {sse: x}, g: {}}\nlog: {level: x}\nmode: x\n", {{"LLM_TOP_P", "x"}}),
        ElementsAre(at(1, 15, "stop_timeout"), at(2, 20, "servers.g.sse"), at(2, 24, "duplicate key \"g\""),
                    at(3, 14, "log.level"), at(4, 7, "mode"), at(0, 0, "LLM_TOP_P")));
}

TEST(Load, TellsAValueOfSeveralLinesOnce) {
    EXPECT_THAT(problems_of("servers:\n  g:\n    sse: |\n      a\n      b\n"),
                ElementsAre(at(3, 10, "this value has several lines")));
    EXPECT_THAT(problems_of("servers:\n  g: |\n   a\n   b\n"), ElementsAre(at(2, 6, "this value has several lines")));
}

TEST(Load, ReportsProblemsAliasedTwiceForEach) {
    EXPECT_THAT(problems_of("servers:\n  a: &a {sse: x}\n  b: *a\n"),
                ElementsAre(at(2, 15, "servers.a.sse"), at(2, 15, "servers.b.sse")));
}

TEST(LoadResult, ThrowsWhenProblemsAreIgnored) {
    const LoadResult loaded = test::load("mode: x\n");
    EXPECT_THROW(static_cast<void>(loaded.value()), std::logic_error);
}

TEST(FormatProblems, IsOneLineEach) {
    EXPECT_EQ(format({{3, 7, "wrong"}, {0, 0, "worse"}}, "/etc/lamd/lamd.yaml"),
              "/etc/lamd/lamd.yaml:3:7: wrong\nworse\n");
    EXPECT_EQ(format({}, "x"), "");
}

TEST(FormatProblems, EndsSomewhere) {
    const std::string hundred = format(Problems(100, Problem{1, 1, "wrong"}), "f");
    EXPECT_THAT(hundred, testing::Not(HasSubstr("more")));
    EXPECT_EQ(format(Problems(102, Problem{1, 1, "wrong"}), "f"), hundred + "… and 2 more\n");
}

TEST(LoadFile, ReadsAFile) {
    const TemporaryDirectory directory;
    const LoadResult loaded = load_file(directory.write("lamd.yaml", kServer), test::kNoEnvironment, test::accounts());
    ASSERT_TRUE(loaded);
    EXPECT_EQ(loaded->config.servers.size(), 1u);
}

TEST(LoadFile, PlacesProblemsInTheFile) {
    const TemporaryDirectory directory;
    EXPECT_THAT(problems_of_file(directory.write("lamd.yaml", "mode: x\nservers: {g: {sse: http://h}}\n")),
                ElementsAre(at(1, 7, "mode: \"x\" is not one of")));
}

TEST(LoadFile, SaysWhichFileIsMissing) {
    const TemporaryDirectory directory;
    const std::string path = directory.path("missing.yaml");
    EXPECT_THAT(problems_of_file(path), ElementsAre(at(0, 0, "open " + path + ": No such file or directory; create")));
}

TEST(LoadFile, SaysWhyAFileCannotBeRead) {
    if (::geteuid() == 0) {
        GTEST_SKIP() << "root reads everything";
    }
    const TemporaryDirectory directory;
    EXPECT_THAT(problems_of_file(directory.write("lamd.yaml", kServer, 0)),
                ElementsAre(at(0, 0, "Permission denied; let the user that lamd runs as read it")));
}

TEST(LoadFile, RefusesWhatIsNoFile) {
    const TemporaryDirectory directory;
    EXPECT_THAT(problems_of_file(directory.path("")), ElementsAre(at(0, 0, "it is a directory, not a file")));
    EXPECT_THAT(problems_of_file("/dev/zero"), ElementsAre(at(0, 0, "it is a device or pipe, not a file")));
    const std::string pipe = directory.path("pipe");
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    EXPECT_THAT(problems_of_file(pipe), ElementsAre(at(0, 0, "it is a device or pipe, not a file")));
}

TEST(LoadFile, BoundsWhatItReads) {
    const TemporaryDirectory directory;
    EXPECT_THAT(problems_of_file(directory.write("big", std::string(kTextLimit * 3, '#'))),
                ElementsAre(at(1, 1, "more than 1048576 cannot be one")));
    EXPECT_THAT(problems_of_file(directory.write("full", std::string(kTextLimit, '\n'))),
                ElementsAre(at(1, 1, "there is nothing to do")));
}

TEST(Load, KnowsWhichWordASlipIsMeantToBe) {
    EXPECT_EQ(problems_of("servrs: {}").at(0).meant, "servers");
    EXPECT_EQ(problems_of("nonsense: 1").at(0).meant, "");
    EXPECT_EQ(problems_of("mqtt: {brokers: [{url: mqtt://b, password: x}]}").at(0).meant, "")
        << "no other name for a secret";
}

}  // namespace
}  // namespace lamd::config
