#include "lamctl/conditions.h"
#include "tests/unit/lamctl/samples.h"

#include <gtest/gtest.h>

namespace lamd::lamctl {
namespace {

using Kind = Condition::Kind;

/// What is missing; "" when nothing is.
std::string missing_of(std::string_view condition, const api::Status& status) {
    const auto outcome = missing(*parse_condition(condition), status, test::kNow);
    EXPECT_TRUE(outcome) << condition;
    return outcome ? outcome->value_or("") : "a failure";
}

TEST(ParseCondition, ReadsWhatCanBeWaitedFor) {
    EXPECT_EQ(*parse_condition("ready"), (Condition{Kind::ready, ""}));
    EXPECT_EQ(*parse_condition("healthy"), (Condition{Kind::healthy, ""}));
    EXPECT_EQ(*parse_condition("tunnel=b"), (Condition{Kind::tunnel, "b"}));
    EXPECT_EQ(*parse_condition("tunnel=any"), (Condition{Kind::tunnel, ""}));
    EXPECT_EQ(*parse_condition("path=gpu/sse"), (Condition{Kind::path, "gpu/sse"}));
    EXPECT_EQ(*parse_condition("path=any"), (Condition{Kind::path, ""}));
    EXPECT_EQ(*parse_condition("any"), (Condition{Kind::path, ""}));
}

TEST(ParseCondition, RefusesEverythingElse) {
    for (const std::string_view text : {"", "up", "tunnel", "tunnel=", "path=", "=b", "server=b", "Ready"}) {
        EXPECT_FALSE(parse_condition(text)) << text;
    }
}

TEST(Missing, ReadyIsServingRequests) {
    EXPECT_EQ(missing_of("ready", test::healthy_status()), "");
    EXPECT_EQ(missing_of("ready", test::degraded_status()), "");
    EXPECT_EQ(missing_of("ready", test::down_status()), "lamd is down: no path is up");
}

TEST(Missing, HealthyIsEverything) {
    EXPECT_EQ(missing_of("healthy", test::healthy_status()), "");
    EXPECT_EQ(missing_of("healthy", test::degraded_status()),
              "lamd is degraded: tunnel b is backing off; path gpu2/sse is down");
}

TEST(Missing, OneTunnelOrPath) {
    const api::Status status = test::degraded_status();
    EXPECT_EQ(missing_of("tunnel=home", status), "");
    EXPECT_EQ(missing_of("tunnel=b", status),
              "tunnel b is backing_off: connect to b.example.org:22: connection refused (tried again in 3s)");
    EXPECT_EQ(missing_of("path=gpu1", status), "");
    EXPECT_EQ(missing_of("path=gpu2/sse", status), "path gpu2/sse is down: nothing listens (tried again in 2s)");
}

TEST(Missing, AnyIsOneOfThem) {
    EXPECT_EQ(missing_of("tunnel=any", test::degraded_status()), "");
    EXPECT_EQ(missing_of("path=any", test::degraded_status()), "");
    EXPECT_EQ(missing_of("any", test::down_status()), "path gpu2/sse is down: nothing listens (tried again in 2s)");
    EXPECT_EQ(missing_of("tunnel=any", test::down_status()), "no tunnel is configured");
}

TEST(Missing, AnUnknownNameIsAFailure) {
    const auto outcome = missing(*parse_condition("tunnel=c"), test::healthy_status(), test::kNow);
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error(),
              Failure(ExitCode::no_such_object, "there is no tunnel c", "lamctl tunnels shows what there is"));
    EXPECT_FALSE(missing(*parse_condition("path=gpu1/mqtt"), test::healthy_status(), test::kNow));
}

}  // namespace
}  // namespace lamd::lamctl
