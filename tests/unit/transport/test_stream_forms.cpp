// Every message survives both forms of the protocol.
#include "transport/stream/control.h"
#include "transport/stream/frame_form.h"
#include "transport/stream/request_form.h"
#include "transport/stream/sse_form.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lamd::transport::stream {
namespace {

using namespace std::chrono_literals;

const UuidBytes kId = *uuid_bytes("01932c07-209e-7b3e-9c4f-0242ac120002");
const std::string kEvent = "data: {\"choices\":[]}\n\n";

std::vector<Message> controls() {
    return {Head{200, "text/event-stream; charset=utf-8"},
            Beat{12, 1500ms},
            End{{3, 450, 0xCBF43926}},
            Fail{429, R"({"error":{"message":"busy","code":429}})", "7", true},
            Fail{502, R"({"error":"gone"})", "", false},
            Gone{}};
}

std::vector<Message> decode_whole(const std::string& text) {
    SseDecoder decoder;
    const auto messages = decoder.feed(text);
    EXPECT_TRUE(messages) << (messages ? "" : messages.error().message);
    return messages ? *messages : std::vector<Message>();
}

TEST(SseForm, CarriesEveryMessage) {
    for (const auto& message : controls()) {
        EXPECT_EQ(decode_whole(encode_sse(message)), std::vector{message}) << encode_sse(message);
    }
}

TEST(SseForm, CarriesEventsUntouched) {
    for (const std::string& event :
         {kEvent, std::string("event: x\r\ndata: 1\r\n\r\n"), std::string("data: [DONE]\n\n"),
          std::string("id: 99\ndata: an id of its own\n\n")}) {
        const Message message = Data{7, event};
        EXPECT_EQ(encode_sse(message), "id: 7\n" + event);
        EXPECT_EQ(decode_whole(encode_sse(message)), std::vector{message}) << event;
    }
}

TEST(SseForm, CarriesABodyOfAnyBytes) {
    std::string all;
    for (int byte = 0; byte < 256; ++byte) {
        all += static_cast<char>(byte);
    }
    for (const std::string& body : {all, std::string(), std::string("{\n  \"a\": \"ü\"\r\n}\n\n")}) {
        EXPECT_EQ(decode_whole(encode_sse_body({0, body})), (std::vector<Message>{Data{0, body}}));
    }
}

TEST(SseForm, ComesInAnyPieces) {
    std::string text;
    std::vector<Message> all;
    for (const auto& message : controls()) {
        text += encode_sse(message);
        all.push_back(message);
        text += encode_sse(Data{all.size(), kEvent});
        all.emplace_back(Data{all.size(), kEvent});
    }
    std::vector<Message> received;
    SseDecoder decoder;
    for (const char c : text) {
        const auto messages = decoder.feed(std::string(1, c));
        ASSERT_TRUE(messages) << messages.error().message;
        received.insert(received.end(), messages->begin(), messages->end());
    }
    EXPECT_EQ(received, all);
}

TEST(SseForm, RefusesWhatIsNoMessage) {
    for (const std::string& text :
         {kEvent, std::string("id: x\ndata: 1\n\n"), std::string("event: lam-end\ndata: {}\n\n"),
          std::string("event: lam-what\ndata: {}\n\n"), std::string("event: lam-body\ndata: 1\n\n")}) {
        SseDecoder decoder;
        EXPECT_FALSE(decoder.feed(text)) << text;
    }
}

TEST(FrameForm, CarriesEveryMessage) {
    for (const auto& message : controls()) {
        const auto frames = make_frames(type_of(message), kId, 0, encode_control(message), 1000);
        ASSERT_EQ(frames.size(), 1U);
        const auto frame = decode(frames[0]);
        ASSERT_TRUE(frame);
        const auto messages = decode_payload(frame->type, frame->seq, frame->bytes);
        ASSERT_TRUE(messages) << messages.error().message;
        EXPECT_EQ(*messages, std::vector{message});
    }
}

TEST(FrameForm, CarriesSeveralEventsAtOnce) {
    std::string payload;
    append_event(kEvent, payload);
    append_event("", payload);
    append_event(std::string(70000, 'x'), payload);
    const auto messages = decode_payload(FrameType::events, 5, payload);
    ASSERT_TRUE(messages);
    EXPECT_EQ(*messages, (std::vector<Message>{Data{5, kEvent}, Data{6, ""}, Data{7, std::string(70000, 'x')}}));
    EXPECT_FALSE(decode_payload(FrameType::events, 5, payload.substr(0, payload.size() - 1)));
    EXPECT_FALSE(decode_payload(FrameType::events, 5, payload.substr(0, 3)));
}

OpenPayload request(std::string method, std::string path, std::string content_type = "application/json") {
    OpenPayload open;
    open.method = std::move(method);
    open.path = std::move(path);
    open.content_type = std::move(content_type);
    open.body = "{}";
    return open;
}

TEST(RequestForm, CarriesARequest) {
    auto open = request("POST", "/v1/chat/completions?x=1");
    open.lease = std::chrono::milliseconds(2500);
    open.credit = 7;
    const auto read = decode_open(encode_open(open));
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->path, open.path);
    EXPECT_EQ(read->lease, open.lease);
    EXPECT_EQ(read->credit, 7U);
    EXPECT_EQ(read->body, "{}");
    EXPECT_TRUE(decode_open(encode_open(request("GET", "/health"))));
    EXPECT_TRUE(decode_open(encode_open(request("POST", "/tokenize"))));
    EXPECT_TRUE(decode_open(encode_open(request("POST", "/apply-template"))));
    EXPECT_FALSE(decode_open(encode_open(request("POST", "/tokenize/../slots"))));
}

// What becomes part of a URL and of a head must not become another host, or another field.
TEST(RequestForm, RefusesWhatIsNoRequest) {
    EXPECT_FALSE(decode_open(encode_open(request("GET", "@example.org/"))));
    EXPECT_FALSE(decode_open(encode_open(request("POST", "/v1/x y"))));
    EXPECT_FALSE(decode_open(encode_open(request("POST", "/slots/0"))));
    EXPECT_FALSE(decode_open(encode_open(request("DELETE", "/v1/models"))));
    EXPECT_FALSE(decode_open(encode_open(request("POST", "/v1/x", "a\r\nAuthorization: b"))));
    EXPECT_FALSE(decode_open("\xff\xff\xff\xff{}"));
    for (const auto* credit : {"4e96", "4294967296", "-1", "1.5", "\"1\""}) {
        const auto meta = std::string(R"({"path":"/health","method":"GET","credit":)") + credit + "}";
        const auto read = decode_open(encode_credit(static_cast<std::uint32_t>(meta.size())) + meta);
        ASSERT_FALSE(read) << credit;
        EXPECT_THAT(read.error().message, testing::HasSubstr("\"credit\""));
    }
}

TEST(RequestForm, ALeaseHasBounds) {
    const std::string meta = R"({"path":"/health","method":"GET","lease_s":1e300})";
    const auto read = decode_open(encode_credit(static_cast<std::uint32_t>(meta.size())) + meta);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->lease, std::chrono::hours(1));
}

TEST(FrameForm, CutsWhatIsTooLargeForTheBroker) {
    std::string payload;
    append_event(std::string(1000, 'x'), payload);
    const auto frames = make_frames(FrameType::events, kId, 3, payload, 300);
    Reassembly reassembly{10_KiB};
    std::optional<std::string> whole;
    for (const auto& frame : frames) {
        EXPECT_LE(frame.size(), 300U);
        EXPECT_FALSE(whole) << "complete before its last frame";
        whole = *reassembly.add(*decode(frame));
    }
    EXPECT_EQ(whole, payload);
}

// A broker's peer may send anything: what only a gateway says, and what cannot be read, is no message of a stream.
TEST(FrameForm, RefusesWhatIsNoMessage) {
    for (const auto type : {FrameType::open, FrameType::resume, FrameType::cancel, FrameType::credit}) {
        EXPECT_FALSE(decode_payload(type, 1, "{}"));
    }
    EXPECT_FALSE(decode_payload(FrameType::head, 1, "[]"));
    EXPECT_FALSE(decode_payload(FrameType::end, 1, R"({"events":1})"));
    EXPECT_FALSE(decode_payload(FrameType::end, 1, R"({"events":1e300,"bytes":1,"crc32":1})"));
    EXPECT_FALSE(decode_payload(FrameType::head, 1, R"({"status":4e96})"));
    EXPECT_TRUE(decode_payload(FrameType::beat, 1, R"({"next":1,"age_s":1e300})"));
    EXPECT_TRUE(decode_payload(FrameType::gone, 1, ""));
}

}  // namespace
}  // namespace lamd::transport::stream
