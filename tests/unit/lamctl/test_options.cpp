// lamctl's command line.
#include "lamctl/options.h"

#include <gtest/gtest.h>

#include <vector>

namespace lamd::lamctl {
namespace {

Options parse(std::vector<const char*> words) {
    words.insert(words.begin(), "lamctl");
    return *parse_options(static_cast<int>(words.size()), words.data());
}

TEST(Options, EventsAreFollowedUnlessTheyAreNotToBe) {
    EXPECT_TRUE(parse({"events"}).is_follow);
    EXPECT_FALSE(parse({"events", "--no-follow"}).is_follow);
}

TEST(Options, AGuardIsAskedForOrRefusedOrNotSpokenOf) {
    EXPECT_EQ(parse({"authorize", "ssh-ed25519 AAAA"}).authorize.has_guard, std::nullopt);
    EXPECT_EQ(parse({"authorize", "--guard", "ssh-ed25519 AAAA"}).authorize.has_guard, true);
    EXPECT_EQ(parse({"authorize", "--no-guard", "ssh-ed25519 AAAA"}).authorize.has_guard, false);
}

TEST(Options, AWrongCommandLineIsSaidToBeOne) {
    const std::vector<const char*> words{"lamctl", "authorise"};
    const auto options = parse_options(static_cast<int>(words.size()), words.data());
    ASSERT_FALSE(options);
    EXPECT_EQ(options.error().code, ExitCode::usage);
}

}  // namespace
}  // namespace lamd::lamctl
