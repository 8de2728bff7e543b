#include "daemon/router.h"

#include <gmock/gmock.h>

#include <array>

namespace lamd::daemon {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::array<Route<int>, 5> kRoutes{{
    {"GET", "/status", Role::read, 1},
    {"GET", "/tunnels/{}", Role::read, 2},
    {"DELETE", "/tunnels/{}", Role::admin, 3},
    {"POST", "/tunnels/{}/reconnect", Role::admin, 4},
    {"*", "/v1/**", Role::use, 5},
}};

/// The action of the route; 0 for none, -1 for a wrong method.
int found(std::string_view method, std::string_view path) {
    const auto result = search(std::span<const Route<int>>(kRoutes), method, path);
    if (const auto* match = std::get_if<Match<int>>(&result)) {
        return match->route->action;
    }
    return std::holds_alternative<WrongMethod>(result) ? -1 : 0;
}

TEST(Router, FindsTheRouteOfMethodAndPath) {
    EXPECT_EQ(found("GET", "/status"), 1);
    EXPECT_EQ(found("HEAD", "/status"), 1);
    EXPECT_EQ(found("GET", "/tunnels/home"), 2);
    EXPECT_EQ(found("DELETE", "/tunnels/home"), 3);
    EXPECT_EQ(found("POST", "/tunnels/home/reconnect"), 4);
    EXPECT_EQ(found("GET", "/v1/models"), 5);
    EXPECT_EQ(found("DELETE", "/v1/a/b/c"), 5);
}

TEST(Router, FindsNothingWhereNothingIs) {
    for (const auto* path : {"/", "/statu", "/status/", "/status/x", "//status", "/tunnels", "/tunnels/", "/v1",
                             "/tunnels/a/b", "/tunnels/a%2", "/STATUS", "/tunnels//reconnect"}) {
        EXPECT_EQ(found("GET", path), 0) << path;
    }
}

TEST(Router, TellsWhichMethodsThereAre) {
    EXPECT_EQ(found("POST", "/status"), -1);
    const auto result = search(std::span<const Route<int>>(kRoutes), "PUT", "/tunnels/home");
    EXPECT_EQ(std::get<WrongMethod>(result).allowed, "GET, HEAD, DELETE");
}

TEST(Router, DecodesParameters) {
    EXPECT_THAT(fit("/a/{}/b/{}", "/a/x%20y%2fz/b/%C3%A4").value(), ElementsAre("x y/z", "\xc3\xa4"));
    EXPECT_THAT(fit("/a", "/a").value(), IsEmpty());
}

}  // namespace
}  // namespace lamd::daemon
