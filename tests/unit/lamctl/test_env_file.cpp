#include "lamctl/env_file.h"

#include <gmock/gmock.h>

namespace lamd::lamctl {
namespace {

using testing::ElementsAre;

std::vector<Setting> settings(std::string_view text) {
    const auto read = read_env(text);
    EXPECT_TRUE(read) << (read ? "" : read.error().message);
    return read ? *read : std::vector<Setting>();
}

std::string value(std::string_view text) {
    const auto all = settings("A=" + std::string(text));
    return all.size() == 1 ? all.front().value : "not one";
}

TEST(EnvFile, HasASettingOnALine) {
    EXPECT_THAT(settings("\xEF\xBB\xBF# old\r\nLLM_COMM_MODE=sse\r\n\n  export B_1 = two words \n\tC=\n"),
                ElementsAre(Setting{"LLM_COMM_MODE", "sse", 2}, Setting{"B_1", "two words", 4}, Setting{"C", "", 5}));
    EXPECT_THAT(settings(""), ElementsAre());
    EXPECT_THAT(settings("A=1\nB=2\nA=3"), ElementsAre(Setting{"B", "2", 2}, Setting{"A", "3", 3}));
}

TEST(EnvFile, TakesValuesAsTheyAreMeant) {
    EXPECT_EQ(value("a#b # c"), "a#b");
    EXPECT_EQ(value("# nothing"), "");
    EXPECT_EQ(value("x=y"), "x=y");
    EXPECT_EQ(value("'a # \\n b'"), "a # \\n b");
    EXPECT_EQ(value("\"a \\\"b\\\" \\\\ \\n\" # c"), "a \"b\" \\ \n");
    EXPECT_EQ(value("$HOME/${X}"), "$HOME/${X}");
}

TEST(EnvFile, NamesEveryLineThatIsNoneAndRepeatsNone) {
    const auto read = read_env("A=1\nsecret\n=2\nB='open\n9C=1\nD=\"x\" y\n");
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().message,
              "line 2 is not NAME=VALUE; line 3 is not NAME=VALUE; line 4 is not NAME=VALUE; "
              "line 5 is not NAME=VALUE; line 6 is not NAME=VALUE");
}

}  // namespace
}  // namespace lamd::lamctl
