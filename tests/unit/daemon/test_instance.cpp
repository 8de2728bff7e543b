#include "daemon/instance.h"

#include "base/uuid.h"
#include "temporary_directory.h"

#include <gmock/gmock.h>

#include <fstream>

namespace lamd::daemon {
namespace {

using testing::HasSubstr;

TEST(Instance, KeepsItsNameOverRestarts) {
    const TemporaryDirectory directory;
    std::string first;
    {
        const auto instance = Instance::claim({directory / "state", true});
        ASSERT_TRUE(instance);
        first = instance->id();
        EXPECT_TRUE(is_uuid(first));
        EXPECT_EQ(instance->note(), "");
    }
    EXPECT_EQ(Instance::claim({directory / "state", true})->id(), first);
}

TEST(Instance, RefusesASecondOneInAGivenDirectory) {
    const TemporaryDirectory directory;
    const auto first = Instance::claim({directory.path(), true});
    const auto second = Instance::claim({directory.path(), true});
    ASSERT_FALSE(second);
    EXPECT_THAT(second.error().message, HasSubstr("another lamd runs with the state directory " + directory.path()));
}

TEST(Instance, MakesDoWithANameForTheRunInAGuessedDirectory) {
    const TemporaryDirectory directory;
    const auto first = Instance::claim({directory.path(), false});
    const auto second = Instance::claim({directory.path(), false});
    ASSERT_TRUE(second);
    EXPECT_TRUE(is_uuid(second->id()));
    EXPECT_NE(second->id(), first->id());
    EXPECT_THAT(second->note(), HasSubstr("another lamd runs"));
    const auto nowhere = Instance::claim({"/proc/nothing", false});
    ASSERT_TRUE(nowhere);
    EXPECT_TRUE(is_uuid(nowhere->id()));
    EXPECT_THAT(nowhere->note(), HasSubstr("open /proc/nothing/instance"));
    EXPECT_FALSE(Instance::claim({"/proc/nothing", true}));
}

TEST(Instance, ReplacesAFileThatHoldsNoName) {
    const TemporaryDirectory directory;
    std::ofstream(directory / "instance") << "half a na";
    const auto id = Instance::claim({directory.path(), true})->id();
    EXPECT_TRUE(is_uuid(id));
    EXPECT_EQ(Instance::claim({directory.path(), true})->id(), id);
}

TEST(StatePlace, IsWhatTheEnvironmentSays) {
    EXPECT_EQ(find_state_place({{"STATE_DIRECTORY", "/a:/b"}, {"HOME", "/h"}}, 0).directory, "/a");
    EXPECT_TRUE(find_state_place({{"STATE_DIRECTORY", "/a"}}, 0).is_given);
    EXPECT_EQ(find_state_place({{"HOME", "/h"}}, 0).directory, "/var/lib/lamd");
    EXPECT_EQ(find_state_place({{"HOME", "/h"}, {"XDG_STATE_HOME", "/x"}}, 1000).directory, "/x/lamd");
    EXPECT_EQ(find_state_place({{"HOME", "/h"}}, 1000).directory, "/h/.local/state/lamd");
    EXPECT_EQ(find_state_place({}, 1000).directory, "/var/lib/lamd");
    EXPECT_FALSE(find_state_place({{"HOME", "/h"}}, 1000).is_given);
}

}  // namespace
}  // namespace lamd::daemon
