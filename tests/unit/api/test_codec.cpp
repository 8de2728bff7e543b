#include "api/codec.h"
#include "tests/unit/api/samples.h"

#include <gmock/gmock.h>

namespace lamd::api {
namespace {

template <class T>
void expect_round_trip(const T& value) {
    const std::string json = encode(value);
    const auto back = decode<T>(json);
    ASSERT_TRUE(back) << back.error().message << "\n" << json;
    EXPECT_TRUE(*back == value) << json;
    EXPECT_EQ(encode(*back), json);
}

template <class T>
std::string error_of(std::string_view json) {
    const auto value = decode<T>(json);
    return value ? "no error" : value.error().message;
}

TEST(Codec, BringsEveryMemberBack) {
    expect_round_trip(test::full_status());
    expect_round_trip(test::full_tunnel());
    expect_round_trip(test::full_forward());
    expect_round_trip(test::full_path());
    expect_round_trip(Verdict{"degraded", {{"a", "b"}, {"c", ""}}});
    expect_round_trip(StreamCounts{1, 2, 3, 4});
    expect_round_trip(Reason{"m", "r"});
    expect_round_trip(TunnelList{1, {test::full_tunnel(), test::full_tunnel()}});
    expect_round_trip(PathList{1, {test::full_path()}});
    expect_round_trip(ServerList{1, {test::full_server()}});
    expect_round_trip(ServerChange{1, test::full_server(), "the disk is full"});
    expect_round_trip(StreamList{1, {test::full_stream()}});
    expect_round_trip(ProbeList{1, {test::full_probe()}});
    expect_round_trip(SessionList{1, {{"alice", WallTime(), WallTime(), "m", 3}}, "alice"});
    expect_round_trip(SessionImport{1, 7});
}

TEST(Codec, BringsDefaultsBack) {
    expect_round_trip(TunnelStatus{});
    expect_round_trip(PathStatus{});
    expect_round_trip(Status{});
    expect_round_trip(TunnelList{});
}

TEST(Codec, WritesEveryKeyInOrderAndLeavesOutAbsentOptionals) {
    EXPECT_EQ(encode(ForwardStatus{}),
              R"({"remote":"","target":"","state":"","open_channels":0,"accepted":0,"refused":0,)"
              R"("received_bytes":0,"sent_bytes":0})");
    EXPECT_EQ(encode(StreamCounts{1, 2, 3, 4}), R"({"running":1,"finished":2,"failed":3,"cancelled":4})");
    EXPECT_EQ(encode(TunnelList{}), R"({"schema":1,"tunnels":[]})");
}

TEST(Codec, WritesTimesAsRfc3339AndDurationsAsSeconds) {
    const std::string json = encode(test::full_tunnel());
    EXPECT_THAT(json, testing::HasSubstr(R"("since":"2026-09-21T14:13:20.001Z")"));
    EXPECT_THAT(json, testing::HasSubstr(R"("rtt_s":0.0125)"));
}

TEST(Codec, WritesBytesThatAreNotUtf8AsReplacementCharacters) {
    EXPECT_EQ(encode(Reason{"\xff!", ""}), "{\"message\":\"\ufffd!\",\"remedy\":\"\",\"cause\":\"\"}");
}

TEST(Codec, IgnoresUnknownKeys) {
    const auto counts = decode<StreamCounts>(R"({"running":1,"tokens":[{"x":1}],"finished":2})");
    ASSERT_TRUE(counts);
    EXPECT_EQ(*counts, (StreamCounts{1, 2, 0, 0}));
}

TEST(Codec, KeepsDefaultsForMissingAndNullKeys) {
    const auto tunnel = decode<TunnelStatus>(R"({"name":"b","state":"up","rtt_s":null,"peer":null})");
    ASSERT_TRUE(tunnel);
    EXPECT_EQ(tunnel->name, "b");
    EXPECT_EQ(tunnel->rtt_s, std::nullopt);
    EXPECT_EQ(tunnel->peer, "");
}

TEST(Codec, DemandsWhatIdentifiesAnObject) {
    EXPECT_EQ(error_of<Status>(R"({})"), "/verdict: missing");
    EXPECT_EQ(error_of<Status>(R"({"verdict":{}})"), "/verdict/state: missing");
    EXPECT_EQ(error_of<TunnelList>(R"({"tunnels":[{"name":"a","state":"up"},{"state":"up"}]})"),
              "/tunnels/1/name: missing");
    EXPECT_EQ(error_of<PathList>(R"({"paths":[{"server":"a","transport":null}]})"), "/paths/0/transport: missing");
}

TEST(Codec, NamesThePlaceOfAWrongType) {
    EXPECT_EQ(error_of<TunnelList>(R"({"tunnels":[{"name":17,"state":"up"}]})"),
              "/tunnels/0/name: expected a string, found 17");
    EXPECT_EQ(error_of<TunnelList>(R"({"tunnels":{}})"), "/tunnels: expected an array, found an object");
    EXPECT_EQ(error_of<TunnelList>(R"({"tunnels":[true]})"), "/tunnels/0: expected an object, found a boolean");
    EXPECT_EQ(error_of<StreamCounts>(R"({"running":-1})"), "/running: expected a count, found -1");
    EXPECT_EQ(error_of<StreamCounts>(R"({"running":1.5})"), "/running: expected a count, found 1.5");
    EXPECT_EQ(error_of<StreamCounts>(R"({"running":"1"})"), "/running: expected a count, found a string");
    EXPECT_EQ(error_of<ForwardStatus>(R"({"remote":"x","bound_port":99999999999})"),
              "/bound_port: expected an integer, found 99999999999");
    EXPECT_EQ(error_of<ForwardStatus>(R"({"remote":"x","reason":{"message":[]}})"),
              "/reason/message: expected a string, found an array");
    EXPECT_EQ(error_of<TunnelStatus>(R"({"name":"b","state":"up","rtt_s":"1ms"})"),
              "/rtt_s: expected a number, found a string");
    EXPECT_EQ(error_of<TunnelStatus>(R"({"name":"b","state":"up","since":"yesterday"})"),
              "/since: expected a time like 2026-01-31T23:59:59Z, found \"yesterday\"");
    EXPECT_EQ(error_of<Status>("[]"), "/: expected an object, found an array");
    EXPECT_EQ(error_of<Status>("null"), "/: expected an object, found a null");
}

TEST(Codec, SaysWhereTextStopsBeingJson) {
    EXPECT_EQ(error_of<Status>(""), "not JSON: at byte 1 of 0");
    EXPECT_EQ(error_of<Status>("<html>"), "not JSON: at byte 1 of 6");
    EXPECT_EQ(error_of<Status>(R"({"verdict":)"), "not JSON: at byte 12 of 11");
}

TEST(Codec, SurvivesEveryCutOfARealStatus) {
    const std::string json = encode(test::full_status());
    for (std::size_t length = 0; length < json.size(); ++length) {
        EXPECT_FALSE(decode<Status>(std::string_view(json).substr(0, length))) << length;
    }
}

}  // namespace
}  // namespace lamd::api
