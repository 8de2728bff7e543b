#include "daemon/mode_file.h"

#include "temporary_directory.h"

#include <gtest/gtest.h>

#include <fstream>

namespace lamd::daemon {
namespace {

TEST(ModeFile, KeepsTheModeUntilItIsRemoved) {
    const TemporaryDirectory directory;
    const ModeFile file(directory / "");
    EXPECT_FALSE(file.read());
    for (const auto mode : {config::Mode::mqtt, config::Mode::automatic, config::Mode::sse}) {
        ASSERT_TRUE(file.write(mode));
        EXPECT_EQ(file.read(), mode);
    }
    file.remove();
    EXPECT_FALSE(file.read());
}

TEST(ModeFile, IsIgnoredWhereItMakesNoSense) {
    const TemporaryDirectory directory;
    std::ofstream(directory / "mode") << "carrier pigeon\n";
    EXPECT_FALSE(ModeFile(directory / "").read());
    EXPECT_FALSE(ModeFile("/nonexistent").write(config::Mode::sse));
}

}  // namespace
}  // namespace lamd::daemon
