#include "supervisor/retry_budget.h"

#include <gtest/gtest.h>

namespace lamd::supervisor {
namespace {

using namespace std::chrono_literals;

struct RetryBudgetTest : testing::Test {
    Instant now{1000s};
    RetryBudget budget;

    int withdraw(int times) {
        int granted = 0;
        for (int i = 0; i < times; ++i) {
            granted += budget.withdraw(now) ? 1 : 0;
        }
        return granted;
    }
    void deposit(int times) {
        for (int i = 0; i < times; ++i) {
            budget.deposit(now);
        }
    }
};

TEST_F(RetryBudgetTest, AlwaysGivesThreeASecond) {
    EXPECT_EQ(withdraw(100), 30) << "of ten seconds at once";
    now += 9s;
    EXPECT_EQ(withdraw(100), 0);
    now += 1s;
    EXPECT_EQ(withdraw(100), 30);
    int granted = 0;
    for (int i = 0; i < 100; ++i) {
        now += 1s;
        granted += withdraw(3);
    }
    EXPECT_EQ(granted, 3 * 91) << "but for the seconds that the burst was taken from";
}

TEST_F(RetryBudgetTest, GivesAFifthOfTheRequests) {
    deposit(1000);
    EXPECT_EQ(withdraw(1000), 200);
}

TEST_F(RetryBudgetTest, CountsTheRequestsOfTheLastTenSeconds) {
    for (int i = 0; i < 30; ++i) {
        deposit(100);
        now += 1s;
    }
    now -= 1s;
    EXPECT_EQ(withdraw(1000), 200);
    now += 5s;
    deposit(1000);
    EXPECT_EQ(withdraw(1000), 100) << "1500 requests, of whose 300 retries 200 were taken";
    now += 10s;
    EXPECT_EQ(withdraw(1000), 30);
}

TEST_F(RetryBudgetTest, ServersThatFailEverythingAreSentAFifthMore) {
    int retries = 0;
    for (int i = 0; i < 60 * 100; ++i) {
        deposit(1);
        retries += withdraw(2);
        now += 10ms;
    }
    EXPECT_NEAR(retries, 60 * 20, 40);
}

}  // namespace
}  // namespace lamd::supervisor
