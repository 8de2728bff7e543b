#include "lamctl/sse.h"

#include <gmock/gmock.h>

#include <vector>

namespace lamd::lamctl {
namespace {

std::vector<SseEvent> read(const std::vector<std::string_view>& pieces) {
    SseReader reader;
    std::vector<SseEvent> events;
    for (const auto piece : pieces) {
        reader.feed(piece);
        while (auto event = reader.next()) {
            events.push_back(*event);
        }
    }
    return events;
}

constexpr std::string_view kStream =
    "\xef\xbb\xbfid: 1.7\nevent: tunnel\ndata: {\"a\":1}\n\n: beat\n\ndata: h\u00e9llo\r\ndata:  x\r\n\r\n"
    "retry: 5\nevent: lost\n\ndata:a\rdata\r\rid\ndata: [DONE]\n\n";

std::vector<SseEvent> expected() {
    return {{"tunnel", "1.7", "{\"a\":1}"}, {"", "1.7", "h\u00e9llo\n x"}, {"", "1.7", "a\n"}, {"", "", "[DONE]"}};
}

TEST(SseReader, ReadsEventsWithTheirFields) {
    EXPECT_EQ(read({kStream}), expected());
}

TEST(SseReader, DoesNotMindWhereTheBytesAreCut) {
    for (std::size_t cut = 0; cut <= kStream.size(); ++cut) {
        EXPECT_EQ(read({kStream.substr(0, cut), kStream.substr(cut)}), expected()) << "cut at " << cut;
    }
    std::vector<std::string_view> bytes;
    bytes.reserve(kStream.size());
    for (std::size_t i = 0; i < kStream.size(); ++i) {
        bytes.push_back(kStream.substr(i, 1));
    }
    EXPECT_EQ(read(bytes), expected());
}

TEST(SseReader, GivesAnEventAsSoonAsItsBlankLineIsThere) {
    SseReader reader;
    reader.feed("data: a\r\n\r");
    EXPECT_TRUE(reader.next());
    reader.feed("\ndata: b\r\n\r\n");
    EXPECT_EQ(reader.next()->data, "b");
    EXPECT_FALSE(reader.next());
}

TEST(SseReader, KeepsWhatIsNotComplete) {
    EXPECT_THAT(read({"data: a\n"}), testing::IsEmpty());
    EXPECT_THAT(read({"data: a"}), testing::IsEmpty());
    EXPECT_THAT(read({"proxy error: gone"}), testing::IsEmpty());
}

}  // namespace
}  // namespace lamd::lamctl
