#include "daemon/drain_file.h"

#include "temporary_directory.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

namespace lamd::daemon {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

constexpr WallTime kSince{1'790'000'000'042ms};

TEST(DrainFile, KeepsTheServersUntilNoneIsLeft) {
    const TemporaryDirectory directory;
    const DrainFile file(directory / "");
    EXPECT_THAT(file.read(), IsEmpty());
    ASSERT_TRUE(file.write({{"gpu 1", kSince}, {"b", kSince + 1s}}));
    EXPECT_THAT(file.read(), ElementsAre(Pair("b", kSince + 1s), Pair("gpu 1", kSince)));
    ASSERT_TRUE(file.write({}));
    EXPECT_THAT(file.read(), IsEmpty());
    EXPECT_FALSE(std::filesystem::exists(directory / "draining"));
    EXPECT_TRUE(file.write({})) << "there is none to remove";
}

TEST(DrainFile, PassesOverWhatMakesNoSense) {
    const TemporaryDirectory directory;
    std::ofstream(directory / "draining") << "\nyesterday gpu\n2026-09-21T14:13:20.042Z\n2026-09-21T14:13:20.042Z \n"
                                             "2026-09-21T14:13:20.042Z gpu\n2026-09";
    EXPECT_THAT(DrainFile(directory / "").read(), ElementsAre(Pair("gpu", kSince)));
    EXPECT_FALSE(DrainFile("/nonexistent").write({{"gpu", kSince}}));
}

}  // namespace
}  // namespace lamd::daemon
