#include "config/accounts.h"

#include <gtest/gtest.h>

namespace lamd::config {
namespace {

TEST(SystemAccounts, KnowRoot) {
    EXPECT_EQ(system_accounts().user("root"), 0u);
    EXPECT_EQ(system_accounts().group("root"), 0u);
}

TEST(SystemAccounts, DoNotKnowNobodysNames) {
    for (const char* name : {"no-such-account-here", ""}) {
        EXPECT_EQ(system_accounts().user(name), std::nullopt);
        EXPECT_EQ(system_accounts().group(name), std::nullopt);
    }
}

}  // namespace
}  // namespace lamd::config
