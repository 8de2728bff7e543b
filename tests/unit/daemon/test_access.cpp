#include "daemon/access.h"

#include <gmock/gmock.h>

namespace lamd::daemon {
namespace {

using config::Principal;
using testing::HasSubstr;

constexpr uid_t kOwn = 900;

Principal user(std::uint32_t id) {
    return {Principal::Kind::user, id, "u"};
}
Principal group(std::uint32_t id) {
    return {Principal::Kind::group, id, "g"};
}

config::Roles roles() {
    return {.read = {user(1), group(10)}, .use = {user(2), group(20)}, .admin = {user(3), group(30)}};
}

TEST(Access, GoesByUserAndByEveryGroup) {
    EXPECT_EQ(role_of({1, 0, {}}, roles(), kOwn), Role::read);
    EXPECT_EQ(role_of({2, 0, {}}, roles(), kOwn), Role::use);
    EXPECT_EQ(role_of({3, 0, {}}, roles(), kOwn), Role::admin);
    EXPECT_EQ(role_of({77, 0, {10}}, roles(), kOwn), Role::read);
    EXPECT_EQ(role_of({77, 0, {5, 20}}, roles(), kOwn), Role::use);
    EXPECT_EQ(role_of({77, 0, {5, 6, 30}}, roles(), kOwn), Role::admin);
    EXPECT_EQ(role_of({77, 0, {5}}, roles(), kOwn), std::nullopt);
}

TEST(Access, GivesTheHighestOfSeveralRoles) {
    EXPECT_EQ(role_of({1, 0, {30, 20}}, roles(), kOwn), Role::admin);
}

TEST(Access, OfReportersStandsBesideTheLadder) {
    auto roles_here = roles();
    roles_here.tunnel = {user(5), user(1)};
    EXPECT_TRUE(rights_of({5, 0, {}}, roles_here, kOwn).include(Role::tunnel));
    EXPECT_FALSE(rights_of({5, 0, {}}, roles_here, kOwn).include(Role::read));
    EXPECT_TRUE(rights_of({1, 0, {}}, roles_here, kOwn).include(Role::tunnel));
    EXPECT_TRUE(rights_of({1, 0, {}}, roles_here, kOwn).include(Role::read));
    EXPECT_FALSE(rights_of({2, 0, {}}, roles_here, kOwn).include(Role::tunnel)) << "use does not include it";
    EXPECT_TRUE(rights_of({3, 0, {}}, roles_here, kOwn).include(Role::tunnel)) << "admin does";
    EXPECT_FALSE(rights_of({4, 0, {}}, roles_here, kOwn).include(Role::tunnel));
}

TEST(Access, DoesNotTakeAUserForAGroup) {
    EXPECT_EQ(role_of({10, 0, {1}}, roles(), kOwn), std::nullopt);
}

TEST(Access, AlwaysLetsRootAndItsOwnUserRule) {
    EXPECT_EQ(role_of({0, 0, {}}, {{}, {}, {}}, kOwn), Role::admin);
    EXPECT_EQ(role_of({kOwn, 0, {}}, {{}, {}, {}}, kOwn), Role::admin);
    EXPECT_EQ(role_of({static_cast<uid_t>(-1), 0, {}}, {{}, {}, {}}, kOwn), std::nullopt);
}

TEST(Access, LetsEverybodyUseByDefault) {
    EXPECT_EQ(role_of({4711, 0, {}}, config::Roles(), kOwn), Role::use);
}

TEST(Access, SaysWhatIsMissingAndHowToGetIt) {
    const auto text = refusal(Role::admin, {1000, 0, {}});
    EXPECT_THAT(text, HasSubstr("the role admin"));
    EXPECT_THAT(text, HasSubstr("`user:1000`"));
    EXPECT_THAT(text, HasSubstr("socket.roles.admin"));
}

}  // namespace
}  // namespace lamd::daemon
