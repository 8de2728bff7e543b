#include "api/codec.h"
#include "tests/unit/api/samples.h"

#include <gmock/gmock.h>

namespace lamd::api {
namespace {

void expect_round_trip(std::string_view name, const Change& change) {
    const Event event{17, test::at(7), change};
    EXPECT_EQ(kind(change), name);
    const std::string json = encode(event);
    EXPECT_THAT(json, testing::StartsWith("{\"number\":17,\"kind\":\"" + std::string(name) +
                                          "\",\"time\":\"2026-09-21T14:13:20.007Z\",\"" + std::string(name) + "\":{"));
    const auto back = decode<Event>(json);
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_TRUE(*back == event) << json;
}

TEST(EventCodec, BringsEveryKindBack) {
    expect_round_trip("snapshot", test::full_status());
    expect_round_trip("tunnel", test::full_tunnel());
    expect_round_trip("path", test::full_path());
    expect_round_trip("server", test::full_server());
    expect_round_trip("child", test::full_child());
    expect_round_trip("failover", test::full_failover());
    expect_round_trip("stream", StreamChange{"id", "failed", "gpu1", "sse", "qwen", Reason{"cut", ""}, {1, 2, 3, 4}});
    expect_round_trip("config", ConfigChange{false, "line 3: unknown key"});
    expect_round_trip("verdict", Verdict{"degraded", {{"a", "b"}}, {{"c", "d"}}});
}

TEST(EventCodec, PassesOverKindsOfANewerLamd) {
    const auto event = decode<Event>(R"({"number":1,"kind":"weather","time":"2026-09-21T14:13:20Z","weather":[1]})");
    ASSERT_TRUE(event);
    EXPECT_EQ(event->change, Change(UnknownChange{"weather"}));
    EXPECT_EQ(kind(event->change), "weather");
}

TEST(EventCodec, NamesThePlaceOfAWrongType) {
    const auto error = [](std::string_view json) {
        const auto event = decode<Event>(json);
        return event ? "no error" : event.error().message;
    };
    EXPECT_EQ(error(R"({"number":1})"), "/kind: missing");
    EXPECT_EQ(error(R"({"kind":"tunnel"})"), "/tunnel: missing");
    EXPECT_EQ(error(R"({"kind":"tunnel","tunnel":null})"), "/tunnel: expected an object, found a null");
    EXPECT_EQ(error(R"({"kind":"path","path":{"server":1}})"), "/path/server: expected a string, found 1");
    EXPECT_EQ(error(R"({"kind":"snapshot","snapshot":{"verdict":{"state":"up"},"paths":[3]}})"),
              "/snapshot/paths/0: expected an object, found 3");
}

}  // namespace
}  // namespace lamd::api
