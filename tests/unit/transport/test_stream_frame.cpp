#include "transport/stream/frame.h"

#include <gtest/gtest.h>

namespace lamd::transport::stream {
namespace {

const UuidBytes kStream = *uuid_bytes("01932c07-209e-7b3e-9c4f-0242ac120002");

std::string encoded(const Frame& frame) {
    std::string bytes;
    encode(frame, bytes);
    return bytes;
}

TEST(Frame, IsByteForByteWhatTheDocumentSays) {
    const auto bytes = encoded({.type = FrameType::events,
                                .id = kStream,
                                .seq = 0x0102030405060708,
                                .offset = 5,
                                .total = 0x0A0B0C0D,
                                .bytes = "xyz"});
    EXPECT_EQ(bytes, std::string("\x01\x11\x00\x00"
                                 "\x01\x93\x2c\x07\x20\x9e\x7b\x3e\x9c\x4f\x02\x42\xac\x12\x00\x02"
                                 "\x01\x02\x03\x04\x05\x06\x07\x08"
                                 "\x00\x00\x00\x05"
                                 "\x0A\x0B\x0C\x0D"
                                 "xyz",
                                 39));
}

TEST(Frame, ComesBackAsItWent) {
    const auto bytes =
        encoded({.type = FrameType::open, .id = kStream, .seq = 7, .offset = 1, .total = 9, .bytes = "hello"});
    const auto frame = decode(bytes);
    ASSERT_TRUE(frame) << frame.error().message;
    EXPECT_EQ(frame->type, FrameType::open);
    EXPECT_EQ(frame->id, kStream);
    EXPECT_EQ(frame->seq, 7U);
    EXPECT_EQ(frame->offset, 1U);
    EXPECT_EQ(frame->total, 9U);
    EXPECT_EQ(frame->bytes, "hello");
    EXPECT_FALSE(frame->is_whole());
}

TEST(Frame, RefusesWhatIsNone) {
    const auto good = encoded({.type = FrameType::beat, .id = kStream});
    ASSERT_TRUE(decode(good));
    EXPECT_FALSE(decode(""));
    EXPECT_FALSE(decode(good.substr(0, good.size() - 1)));
    auto version = good;
    version[0] = 2;
    EXPECT_FALSE(decode(version));
    auto type = good;
    type[1] = 99;
    EXPECT_FALSE(decode(type));
    EXPECT_FALSE(decode(good + "x")) << "more bytes than its payload has";
}

struct ReassemblyTest : testing::Test {
    Reassembly reassembly{10_B};

    std::optional<std::string> add(std::uint32_t offset, std::uint32_t total, std::string_view bytes,
                                   std::uint64_t seq = 0) {
        const auto whole = reassembly.add(
            {.type = FrameType::events, .id = kStream, .seq = seq, .offset = offset, .total = total, .bytes = bytes});
        return whole ? *whole : std::optional<std::string>("refused: " + whole.error().message);
    }
};

TEST_F(ReassemblyTest, PassesWholePayloadsOn) {
    EXPECT_EQ(add(0, 3, "abc"), "abc");
    EXPECT_EQ(add(0, 0, ""), "");
}

TEST_F(ReassemblyTest, JoinsParts) {
    EXPECT_EQ(add(0, 6, "ab"), std::nullopt);
    EXPECT_EQ(add(2, 6, "cd"), std::nullopt);
    EXPECT_EQ(add(4, 6, "ef"), "abcdef");
    EXPECT_EQ(add(4, 6, "ef"), std::nullopt) << "twice";
}

TEST_F(ReassemblyTest, KeepsPayloadsApart) {
    EXPECT_EQ(add(0, 4, "ab", 1), std::nullopt);
    EXPECT_EQ(add(0, 4, "xy", 2), std::nullopt);
    EXPECT_EQ(add(2, 4, "cd", 1), "abcd");
    EXPECT_EQ(add(2, 4, "z!", 2), "xyz!");
}

TEST_F(ReassemblyTest, BeginsAgainWithAFirstPart) {
    EXPECT_EQ(add(0, 4, "ab"), std::nullopt);
    EXPECT_EQ(add(0, 4, "ab"), std::nullopt);
    EXPECT_EQ(add(2, 4, "cd"), "abcd");
}

TEST_F(ReassemblyTest, NeverJoinsOverAGap) {
    EXPECT_EQ(add(0, 6, "ab"), std::nullopt);
    EXPECT_EQ(add(4, 6, "ef"), std::nullopt);
    EXPECT_EQ(add(2, 6, "cd"), std::nullopt);
}

TEST_F(ReassemblyTest, IsBounded) {
    EXPECT_TRUE(add(0, 11, "ab")->starts_with("refused: "));
    for (std::uint64_t seq = 0; seq < 5; ++seq) {
        EXPECT_EQ(add(0, 4, "ab", seq), std::nullopt);
    }
    EXPECT_EQ(add(0, 4, "xy", 5), std::nullopt);
    EXPECT_EQ(add(2, 4, "z!", 5), "xyz!") << "what is unfinished does not keep others out for ever";
    EXPECT_EQ(add(2, 4, "cd", 0), std::nullopt) << "the oldest has given way";
    EXPECT_EQ(add(2, 4, "cd", 4), "abcd") << "the latest has not";
}

TEST_F(ReassemblyTest, ForgetsWhatNobodyWaitsFor) {
    EXPECT_EQ(add(0, 4, "ab"), std::nullopt);
    reassembly.forget(kStream);
    EXPECT_EQ(add(2, 4, "cd"), std::nullopt);
    EXPECT_EQ(add(0, 4, "ab"), std::nullopt);
    reassembly.clear();
    EXPECT_EQ(add(2, 4, "cd"), std::nullopt);
}

}  // namespace
}  // namespace lamd::transport::stream
