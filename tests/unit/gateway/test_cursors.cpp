// Streams that callers may come back to, over restarts.
#include "gateway/cursors.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace lamd::gateway {
namespace {

using namespace std::chrono_literals;

const WallTime kNow = WallTime(1'800'000'000s);

struct CursorsTest : testing::Test {
    std::string file = std::filesystem::temp_directory_path() / ("lamd-cursors-" + std::to_string(getpid()));

    ~CursorsTest() override {
        std::filesystem::remove(file);
    }
    static Cursor cursor(std::string id, WallTime begun = kNow) {
        return {.id = std::move(id),
                .server = "gpu",
                .attempt = "other",
                .uid = 7,
                .choices = 2,
                .key = "key",
                .request = 9,
                .begun = begun};
    }
};

TEST_F(CursorsTest, AreFoundAfterARestart) {
    Cursors(file, kNow).add(cursor("a"));
    const Cursors again(file, kNow + 1min);
    EXPECT_EQ(again.find("a", 7), cursor("a"));
    EXPECT_EQ(again.find_key("key", 7), cursor("a"));
}

TEST_F(CursorsTest, RememberWhetherThinkingIsTakenOut) {
    for (const auto reasoning : {config::Reasoning::drop, config::Reasoning::keep}) {
        auto skipping = cursor("a");
        skipping.thinking = reasoning;
        Cursors(file, kNow).add(skipping);
        EXPECT_EQ(Cursors(file, kNow).find("a", 7), skipping);
    }
}

TEST_F(CursorsTest, AreTheirCallersAlone) {
    Cursors cursors("", kNow);
    cursors.add(cursor("a"));
    EXPECT_FALSE(cursors.find("a", 8));
    EXPECT_FALSE(cursors.find_key("key", 8));
    EXPECT_FALSE(cursors.find("b", 7));
}

TEST_F(CursorsTest, AreForgottenAfterAnHour) {
    Cursors(file, kNow).add(cursor("a"));
    EXPECT_EQ(Cursors(file, kNow + 61min).size(), 0U);
    EXPECT_EQ(std::filesystem::file_size(file), 0U);
}

TEST_F(CursorsTest, SurviveALineThatWasCutOff) {
    Cursors(file, kNow).add(cursor("a"));
    std::ofstream(file, std::ios::app) << R"({"id":"b","ser)";
    EXPECT_EQ(Cursors(file, kNow).size(), 1U);
    std::ofstream(file) << "[]\n{\"id\":1}\n\nnull\n";
    EXPECT_EQ(Cursors(file, kNow).size(), 0U);
}

}  // namespace
}  // namespace lamd::gateway
