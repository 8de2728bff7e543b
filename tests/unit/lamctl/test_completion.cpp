// Completions and the man page against the table of commands and options.
#include "lamctl/completion.h"
#include "tests/unit/lamctl/scripted_lamd.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <sstream>

namespace lamd::lamctl {
namespace {

using testing::HasSubstr;

std::string read_file(const std::string& path) {
    std::ifstream file(std::string(LAMD_SOURCES) + "/" + path);
    EXPECT_TRUE(file) << path;
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

/// What bash offers after the words, the last of which is being typed; `--x=y` is three words to it.
std::string offered(const std::string& words, int count) {
    const std::string script = fmt::format(
        "source {}/packaging/completions/lamctl.bash; compopt() {{ :; }}; lamctl() {{ echo '{{\"tunnels\":[{{\"name\":"
        "\"home\",\"state\":\"up\"}},{{\"name\":\"b\",\"state\":\"up\"}}]}}'; }}; COMP_WORDS=(lamctl {}); "
        "COMP_CWORD={}; _lamctl; echo \"${{COMPREPLY[*]}}\"",
        LAMD_SOURCES, words, count);
    std::ofstream(testing::TempDir() + "lamctl-completion.sh") << script;
    FILE* pipe = popen(("bash " + testing::TempDir() + "lamctl-completion.sh").c_str(), "r");
    std::array<char, 4096> line{};
    const char* read = fgets(line.data(), line.size(), pipe);
    EXPECT_EQ(pclose(pipe), 0);
    const std::string text = read == nullptr ? "" : read;
    return text.substr(0, text.find('\n'));
}

/// mdoc writes `-` of an option as `Fl Fl`, and hyphens in its words as they are.
std::string flag_in_mdoc(const std::string& name) {
    return name.starts_with("--") ? "Fl Fl " + name.substr(2) : "Fl " + name.substr(1);
}

TEST(Completion, ScriptsAreThoseOfThisTable) {
    const auto table = read_table();
    const char* const what = "run: lamctl completion SHELL > packaging/completions/lamctl.SHELL";
    EXPECT_EQ(read_file("packaging/completions/lamctl.bash"), complete_bash(table)) << what;
    EXPECT_EQ(read_file("packaging/completions/lamctl.zsh"), complete_zsh(table)) << what;
    EXPECT_EQ(read_file("packaging/completions/lamctl.fish"), complete_fish(table)) << what;
}

TEST(Completion, CommandPrintsThem) {
    for (const std::string shell : {"bash", "zsh", "fish"}) {
        const auto ended = test::Program({"completion", shell}).finish();
        EXPECT_EQ(ended.out, read_file("packaging/completions/lamctl." + shell));
        EXPECT_EQ(ended.code, 0);
    }
}

TEST(Completion, BashOffersCommandsOptionsAndNames) {
    EXPECT_EQ(offered("re", 1), "resume reconnect reload restart-server");
    EXPECT_EQ(offered("drain ''", 2), "home b");
    EXPECT_EQ(offered("probe h", 2), "home");
    EXPECT_EQ(offered("probe home ''", 3), "sse mqtt");
    EXPECT_EQ(offered("--s", 1), "--socket");
    EXPECT_EQ(offered("--socket = /x sta", 4), "status");
    EXPECT_EQ(offered("status --w", 2), "--watch");
    EXPECT_EQ(offered("reconnect ''", 2), "home b");
    EXPECT_EQ(offered("reconnect h", 2), "home");
    EXPECT_EQ(offered("completion ''", 2), "bash zsh fish");
    EXPECT_EQ(offered("wait --for = re", 4), "ready");
    EXPECT_EQ(offered("wait --for re", 3), "ready");
    EXPECT_EQ(offered("wait --for = tunnel = ''", 6), "home b");
    EXPECT_EQ(offered("chat --model ''", 3), "");
}

TEST(Completion, TableKnowsItsValues) {
    for (const CommandEntry& command : read_table()) {
        for (const OptionEntry& option : command.options) {
            EXPECT_FALSE(option.names.empty());
            EXPECT_FALSE(option.description.empty()) << option.names.front();
        }
    }
}

TEST(Completion, OfLamdKnowsItsOptions) {
    const std::string table = read_file("daemon/options.cpp");
    const std::string script = read_file("packaging/completions/lamd.bash");
    std::size_t count = 0;
    for (auto at = table.find("(\"--"); at != std::string::npos; at = table.find("(\"--", at + 1)) {
        EXPECT_THAT(script, HasSubstr(table.substr(at + 2, table.find('"', at + 2) - at - 2)));
        ++count;
    }
    EXPECT_GE(count, 5U);
}

TEST(ManPage, TellsEveryCommandAndOption) {
    const std::string page = read_file("docs/man/lamctl.1");
    for (const CommandEntry& command : read_table()) {
        const std::string item = ".It Cm " + command.name;
        const auto begin = command.name.empty()                          ? 0
                           : page.find(item + "\n") != std::string::npos ? page.find(item + "\n")
                                                                         : page.find(item + " ");
        ASSERT_NE(begin, std::string::npos) << command.name;
        const std::string section = page.substr(begin, page.find("\n.It Cm ", begin + 1) - begin);
        for (const OptionEntry& option : command.options) {
            for (const std::string& name : option.names) {
                // --help is told once, for all.
                const bool is_help = name == "-h" || name == "--help";
                EXPECT_THAT(is_help ? page : section, HasSubstr(flag_in_mdoc(name))) << command.name;
            }
        }
    }
}

}  // namespace
}  // namespace lamd::lamctl
