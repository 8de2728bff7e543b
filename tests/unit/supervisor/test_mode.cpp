// Which path a stream takes, in every mode.
#include "supervisor/mode.h"

#include <gtest/gtest.h>

namespace lamd::supervisor {
namespace {

using config::Mode;
using Order = std::vector<std::size_t>;

const PathView kSse{"sse", PathState::up, false};
const PathView kMqtt{"mqtt", PathState::up, false};

PathView in(PathView view, PathState state) {
    view.state = state;
    return view;
}

TEST(Preference, IsForSseInAuto) {
    EXPECT_EQ(preference(Mode::automatic, {kMqtt, kSse}), (Order{1, 0}));
    EXPECT_EQ(preference(Mode::automatic, {kSse, kSse, kMqtt}), (Order{0, 1, 2})) << "the configuration's order";
}

TEST(Preference, IsForWhatIsSteady) {
    auto settling = kSse;
    settling.is_held = true;
    EXPECT_EQ(preference(Mode::automatic, {settling, kMqtt}), (Order{1, 0}));
    EXPECT_EQ(preference(Mode::automatic, {settling, in(kMqtt, PathState::degraded)}), (Order{0, 1}));
    EXPECT_EQ(preference(Mode::sse, {settling, kMqtt}), (Order{0}));
}

TEST(Preference, IsForWhatIsHealthier) {
    EXPECT_EQ(preference(Mode::automatic, {in(kSse, PathState::degraded), kMqtt}), (Order{1, 0}));
    EXPECT_EQ(preference(Mode::automatic, {in(kSse, PathState::unknown), in(kMqtt, PathState::probing)}),
              (Order{1, 0}));
    EXPECT_EQ(preference(Mode::automatic, {in(kSse, PathState::down), in(kMqtt, PathState::loading)}), Order{});
}

TEST(Preference, ObeysTheMode) {
    EXPECT_EQ(preference(Mode::sse, {kSse, kMqtt}), (Order{0}));
    EXPECT_EQ(preference(Mode::mqtt, {kSse, kMqtt}), (Order{1}));
    EXPECT_EQ(preference(Mode::mqtt, {kSse, in(kMqtt, PathState::down)}), Order{});
    EXPECT_TRUE(allows(Mode::automatic, "mqtt"));
    EXPECT_FALSE(allows(Mode::sse, "mqtt"));
    EXPECT_FALSE(allows(Mode::mqtt, "sse"));
}

}  // namespace
}  // namespace lamd::supervisor
