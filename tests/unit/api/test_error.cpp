#include "api/error.h"

#include <gtest/gtest.h>

namespace lamd::api {
namespace {

TEST(ErrorObject, IsWrittenAsOpenAiWritesIt) {
    EXPECT_EQ(encode(make_error(404, "there is no tunnel c", "no_such_object")),
              R"({"error":{"message":"there is no tunnel c","type":"not_found_error","param":null,)"
              R"("code":"no_such_object"}})");
    EXPECT_EQ(encode(ErrorObject{"m", "t", "p", std::nullopt}),
              R"({"error":{"message":"m","type":"t","param":"p","code":null}})");
}

TEST(ErrorObject, ComesBack) {
    for (const ErrorObject& error : {ErrorObject{"m", "t", "p", "c"}, ErrorObject{"", "t", {}, {}}}) {
        const auto back = decode_error(encode(error));
        ASSERT_TRUE(back);
        EXPECT_EQ(*back, error);
    }
}

TEST(ErrorObject, TypeFollowsTheStatus) {
    EXPECT_EQ(error_type(400), "invalid_request_error");
    EXPECT_EQ(error_type(401), "authentication_error");
    EXPECT_EQ(error_type(403), "permission_error");
    EXPECT_EQ(error_type(404), "not_found_error");
    EXPECT_EQ(error_type(413), "invalid_request_error");
    EXPECT_EQ(error_type(429), "rate_limit_error");
    EXPECT_EQ(error_type(500), "server_error");
    EXPECT_EQ(error_type(503), "unavailable_error");
}

TEST(ErrorObject, IsReadFromOtherServersToo) {
    const auto llama = decode_error(R"({"error":{"message":"Loading model","type":"unavailable_error","code":503}})");
    ASSERT_TRUE(llama);
    EXPECT_EQ(*llama, (ErrorObject{"Loading model", "unavailable_error", {}, "503"}));
    const auto bare = decode_error(R"({"error":"model 'x' not found"})");
    ASSERT_TRUE(bare);
    EXPECT_EQ(bare->message, "model 'x' not found");
    const auto fast_api = decode_error(R"({"detail":"Not Found"})");
    ASSERT_TRUE(fast_api);
    EXPECT_EQ(fast_api->message, "Not Found");
    const auto odd = decode_error(R"({"error":{"reason":1}})");
    ASSERT_TRUE(odd);
    EXPECT_EQ(odd->message, R"({"reason":1})");
}

TEST(ErrorObject, IsNotReadFromSomethingElse) {
    EXPECT_EQ(decode_error("proxy error").error().message, "not JSON: at byte 1 of 11");
    EXPECT_EQ(decode_error("[]").error().message, "/: expected an object, found array");
    EXPECT_EQ(decode_error("{}").error().message, "/error: missing");
}

}  // namespace
}  // namespace lamd::api
