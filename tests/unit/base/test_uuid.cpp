#include "base/uuid.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace lamd {
namespace {

using namespace std::chrono_literals;

TEST(Uuid, SevenCarriesItsTimeVersionAndVariant) {
    const WallTime time{std::chrono::milliseconds(0x01932c07209eULL)};
    const auto id = make_uuid_v7(time);
    EXPECT_TRUE(is_uuid(id)) << id;
    EXPECT_EQ(id.substr(0, 15), "01932c07-209e-7");
    EXPECT_NE(std::string("89ab").find(id[19]), std::string::npos) << id;
}

TEST(Uuid, FourHasItsVersionAndIsNeverTheSame) {
    const auto id = make_uuid_v4();
    EXPECT_TRUE(is_uuid(id)) << id;
    EXPECT_EQ(id[14], '4');
    EXPECT_NE(id, make_uuid_v4());
}

// They are drawn several at a time.
TEST(Uuid, AllOfManyAreDifferent) {
    std::set<std::string> ids;
    for (int i = 0; i < 100; ++i) {
        ids.insert(make_uuid_v4());
    }
    EXPECT_EQ(ids.size(), 100U);
}

TEST(Uuid, RefusesWhatOnlyLooksLikeOne) {
    EXPECT_TRUE(is_uuid("01932c07-209e-7b3e-9c4f-0242ac120002"));
    EXPECT_FALSE(is_uuid("01932C07-209e-7b3e-9c4f-0242ac120002"));
    EXPECT_FALSE(is_uuid("01932c07-209e-7b3e-9c4f-0242ac12000"));
    EXPECT_FALSE(is_uuid("01932c070209e-7b3e-9c4f-0242ac120002"));
    EXPECT_FALSE(is_uuid("01932c07-209e-7b3e-9c4f-0242ac12000g"));
    EXPECT_FALSE(is_uuid(""));
}

TEST(Uuid, TextAndBytesAreTheSameNumber) {
    const std::string text = "01932c07-209e-7b3e-9c4f-0242ac120002";
    const auto bytes = uuid_bytes(text);
    ASSERT_TRUE(bytes);
    EXPECT_EQ((*bytes)[0], 0x01);
    EXPECT_EQ((*bytes)[4], 0x20);
    EXPECT_EQ((*bytes)[15], 0x02);
    EXPECT_EQ(to_string(*bytes), text);
    EXPECT_FALSE(uuid_bytes("01932c07"));
}

}  // namespace
}  // namespace lamd
