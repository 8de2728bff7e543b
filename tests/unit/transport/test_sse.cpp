#include "transport/sse/event.h"
#include "transport/sse/splitter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace lamd::transport::sse {
namespace {

using testing::ElementsAre;

// What came out of a splitter: the bytes passed on, the events in them, what was held at the end.
struct Outcome {
    std::string bytes;
    std::vector<Event> events;
    std::string held;
};

void feed(Splitter& splitter, std::string_view bytes, Outcome& outcome) {
    const auto complete = splitter.feed(std::string(bytes));
    ASSERT_TRUE(complete) << complete.error().message;
    for (const auto& [begin, size] : splitter.events()) {
        outcome.events.push_back(parse_event(std::string_view(*complete).substr(begin, size)));
    }
    outcome.bytes += *complete;
    outcome.held = splitter.held();
}

Outcome split(std::initializer_list<std::string_view> pieces) {
    Splitter splitter;
    Outcome outcome;
    for (const auto piece : pieces) {
        feed(splitter, piece, outcome);
    }
    return outcome;
}

std::vector<std::string> data_of(const Outcome& outcome) {
    std::vector<std::string> data;
    data.reserve(outcome.events.size());
    for (const auto& event : outcome.events) {
        data.push_back(event.data);
    }
    return data;
}

TEST(Splitter, PassesOnWholeEventsAndHoldsTheRest) {
    Splitter splitter;
    EXPECT_EQ(*splitter.feed("data: a\n\ndata: b"), "data: a\n\n");
    EXPECT_EQ(splitter.events().size(), 1U);
    EXPECT_EQ(splitter.held(), "data: b");
    EXPECT_EQ(*splitter.feed("c\n"), "");
    EXPECT_EQ(splitter.events().size(), 0U);
    EXPECT_EQ(*splitter.feed("\nda"), "data: bc\n\n");
    EXPECT_EQ(splitter.held(), "da");
}

TEST(Splitter, TakesEveryKindOfLineEnd) {
    EXPECT_THAT(data_of(split({"data: a\n\n"})), ElementsAre("a"));
    EXPECT_THAT(data_of(split({"data: a\r\n\r\n"})), ElementsAre("a"));
    EXPECT_THAT(data_of(split({"data: a\r\r"})), ElementsAre("a"));
    EXPECT_THAT(data_of(split({"data: a\r\n\ndata: b\n\r\ndata: c\r\r\n"})), ElementsAre("a", "b", "c"));
}

TEST(Splitter, KeepsTheTwoHalvesOfALineEndTogether) {
    const auto outcome = split({"data: a\r", "\ndata: b\r", "\n\r", "\n", "data: c\r\n\r\n"});
    EXPECT_THAT(data_of(outcome), ElementsAre("a\nb", "c"));
    EXPECT_EQ(outcome.bytes, "data: a\r\ndata: b\r\n\r\ndata: c\r\n\r\n");
}

TEST(Splitter, DoesNotWaitForTheLineFeedThatMayFollowACarriageReturn) {
    EXPECT_THAT(data_of(split({"data: a\r\n\r"})), ElementsAre("a"));
}

TEST(Splitter, PassesOnCommentsAtOnce) {
    EXPECT_EQ(split({":\n\n"}).bytes, ":\n\n");
    EXPECT_EQ(split({": ping\n"}).bytes, ": ping\n");
    EXPECT_EQ(split({": ping"}).bytes, "");
    EXPECT_TRUE(split({":\n\n: a\n"}).events.empty());
}

TEST(Splitter, HoldsACommentWithinAnEvent) {
    const auto outcome = split({"data: a\n: ping\n"});
    EXPECT_EQ(outcome.bytes, "");
    EXPECT_EQ(outcome.held, "data: a\n: ping\n");
}

TEST(Splitter, PassesOnAByteOrderMarkThatIsNoPartOfTheFirstEvent) {
    const auto outcome = split({"\xEF\xBB",
                                "\xBF"
                                "data: a\n\n\xEF\xBB\xBF"
                                "data: b\n\n"});
    EXPECT_EQ(outcome.bytes,
              "\xEF\xBB\xBF"
              "data: a\n\n\xEF\xBB\xBF"
              "data: b\n\n");
    ASSERT_EQ(outcome.events.size(), 2U);
    EXPECT_EQ(outcome.events[0].data, "a");
    EXPECT_FALSE(outcome.events[1].has_data);
}

TEST(Splitter, RefusesAnEventThatIsTooLarge) {
    Splitter splitter(100_B);
    ASSERT_TRUE(splitter.feed("data: " + std::string(80, 'a')));
    const auto outcome = splitter.feed(std::string(80, 'a'));
    ASSERT_FALSE(outcome);
    EXPECT_THAT(outcome.error().message, testing::HasSubstr("100B"));
}

TEST(Splitter, TakesAnyNumberOfSmallEventsAtOnce) {
    Splitter splitter(100_B);
    std::string many;
    for (int i = 0; i < 1000; ++i) {
        many += "data: x\n\n";
    }
    EXPECT_EQ(*splitter.feed(many), many);
    EXPECT_EQ(splitter.events().size(), 1000U);
}

TEST(ParseEvent, ReadsEveryField) {
    const auto event = parse_event("event: delta\nid: 7\nretry: 250\ndata: a\ndata:b\ndata\nother: x\n: comment\n\n");
    EXPECT_EQ(event, (Event{.type = "delta", .data = "a\nb\n", .id = "7", .retry_ms = 250, .has_data = true}));
}

TEST(ParseEvent, TakesOneSpaceAwayAndNoMore) {
    EXPECT_EQ(parse_event("data:  a \n\n").data, " a ");
    EXPECT_EQ(parse_event("data:a\n\n").data, "a");
    EXPECT_EQ(parse_event("data::a\n\n").data, ":a");
}

TEST(ParseEvent, IgnoresWhatIsMalformed) {
    EXPECT_EQ(parse_event("retry: 1s\n\n").retry_ms, std::nullopt);
    EXPECT_EQ(parse_event("retry: -1\n\n").retry_ms, std::nullopt);
    EXPECT_EQ(parse_event("retry:\n\n").retry_ms, std::nullopt);
    EXPECT_EQ(parse_event(std::string_view("id: a\0b\n\n", 9)).id, std::nullopt);
    EXPECT_FALSE(parse_event("Data: a\n\n").has_data);
    EXPECT_EQ(parse_event("id\n\n").id, "");
}

// Streams of a real llama-server, cut at every byte, with each kind of line end.

class RecordedStream : public testing::TestWithParam<std::string> {};

std::string with_line_end(const std::string& text, std::string_view line_end) {
    std::string result;
    for (const char c : text) {
        c == '\n' ? result += line_end : result += c;
    }
    return result;
}

std::vector<std::string> recorded_files() {
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(LAMD_RECORDED)) {
        if (entry.path().extension() == ".sse") {
            files.push_back(entry.path().stem().string());
        }
    }
    return files;
}

std::string test_name(const testing::TestParamInfo<std::string>& info) {
    std::string name = info.param;
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
}

INSTANTIATE_TEST_SUITE_P(Recorded, RecordedStream, testing::ValuesIn(recorded_files()), test_name);

TEST_P(RecordedStream, GivesTheSameEventsWhereverItIsCut) {
    std::ifstream file(std::string(LAMD_RECORDED) + "/" + GetParam() + ".sse", std::ios::binary);
    const std::string recorded{std::istreambuf_iterator<char>(file), {}};
    const auto expected = split({recorded}).events;
    ASSERT_GE(expected.size(), 4U);
    for (const std::string_view line_end : {"\n", "\r\n", "\r"}) {
        const std::string text = with_line_end(recorded, line_end);
        for (std::size_t cut = 0; cut <= text.size(); ++cut) {
            const auto outcome = split({std::string_view(text).substr(0, cut), std::string_view(text).substr(cut)});
            ASSERT_EQ(outcome.events, expected) << "cut at " << cut;
            ASSERT_EQ(outcome.bytes, text) << "cut at " << cut;
            ASSERT_EQ(outcome.held, "");
        }
    }
}

TEST_P(RecordedStream, GivesTheSameEventsByteForByte) {
    std::ifstream file(std::string(LAMD_RECORDED) + "/" + GetParam() + ".sse", std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    Splitter splitter;
    Outcome outcome;
    for (const char& byte : text) {
        feed(splitter, std::string_view(&byte, 1), outcome);
    }
    EXPECT_EQ(outcome.events, split({text}).events);
    EXPECT_EQ(outcome.bytes, text);
}

}  // namespace
}  // namespace lamd::transport::sse
