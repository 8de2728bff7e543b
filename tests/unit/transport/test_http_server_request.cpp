#include "transport/http/server_request.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace lamd::transport::http {
namespace {

using namespace std::string_literals;

struct Outcome {
    unsigned status = 0;  ///< 0: accepted
    bool is_complete = false;
    std::size_t used = 0;
    bool is_keep_alive = false;
    RequestParts parts;
};

Outcome parse(std::string_view bytes, std::size_t step = std::string_view::npos, ByteCount body_limit = 1_KiB) {
    RequestParser parser(1_KiB, body_limit);
    Outcome outcome;
    while (!bytes.empty() && !parser.is_complete()) {
        const auto piece = bytes.substr(0, step);
        const auto used = parser.feed(piece);
        if (!used) {
            outcome.status = used.error().status;
            EXPECT_FALSE(used.error().message.empty());
            return outcome;
        }
        outcome.used += *used;
        bytes.remove_prefix(*used);
        if (*used < piece.size()) {
            break;
        }
    }
    outcome.is_complete = parser.is_complete();
    outcome.is_keep_alive = parser.is_head_done() && parser.is_keep_alive();
    outcome.parts = parser.take();
    return outcome;
}

std::string get(std::string_view fields) {
    return fmt::format("GET /x HTTP/1.1\r\nHost: lamd\r\n{}\r\n", fields);
}

TEST(RequestParser, ReadsARequestInOnePieceAndByteByByte) {
    const std::string bytes =
        "POST /v1/chat/completions?a=b%20c HTTP/1.1\r\nHost: localhost\r\nX-Mixed:  two words \t\r\nContent-Length: "
        "5\r\n\r\nhello";
    for (const std::size_t step : {std::string_view::npos, std::size_t{1}, std::size_t{2}, std::size_t{7}}) {
        const auto request = parse(bytes, step);
        ASSERT_TRUE(request.is_complete) << step;
        EXPECT_EQ(request.used, bytes.size());
        EXPECT_EQ(request.parts.method, "POST");
        EXPECT_EQ(request.parts.path, "/v1/chat/completions");
        EXPECT_EQ(request.parts.query, "a=b%20c");
        EXPECT_EQ(request.parts.body, "hello");
        EXPECT_EQ(find(request.parts.fields, "x-mixed"), "two words");
        EXPECT_TRUE(request.is_keep_alive);
    }
}

TEST(RequestParser, ReadsChunksAndDropsTrailersAndExtensions) {
    const std::string bytes =
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
        "chunked\r\n\r\n5;name=\"v\"\r\nhello\r\n1\r\n!\r\n0\r\nX-Late: "
        "1\r\nHost: evil\r\n\r\n";
    for (const std::size_t step : {std::string_view::npos, std::size_t{1}, std::size_t{3}}) {
        const auto request = parse(bytes, step);
        ASSERT_TRUE(request.is_complete) << step;
        EXPECT_EQ(request.used, bytes.size());
        EXPECT_EQ(request.parts.body, "hello!");
        EXPECT_EQ(find(request.parts.fields, "Host"), "a");
        EXPECT_FALSE(find(request.parts.fields, "X-Late"));
    }
}

TEST(RequestParser, LeavesTheNextRequestUntouched) {
    const auto first = get("");
    EXPECT_EQ(parse(first + get("")).used, first.size());
    const std::string chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n";
    EXPECT_EQ(parse(chunked + "GET").used, chunked.size());
}

TEST(RequestParser, ToleratesOneEmptyLineInFront) {
    EXPECT_TRUE(parse("\r\n" + get("")).is_complete);
    EXPECT_TRUE(parse("\r\n" + get(""), 1).is_complete);
    EXPECT_EQ(parse("\r\n\r\n" + get("")).status, 400U);
}

TEST(RequestParser, TellsWhetherAnotherRequestMayFollow) {
    EXPECT_TRUE(parse(get("")).is_keep_alive);
    EXPECT_FALSE(parse(get("Connection: close\r\n")).is_keep_alive);
    EXPECT_FALSE(parse("GET / HTTP/1.0\r\n\r\n").is_keep_alive);
    EXPECT_FALSE(parse("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").is_keep_alive);
}

struct BadCase {
    std::string name;
    std::string bytes;
    unsigned status = 400;
};

class BadRequest : public testing::TestWithParam<BadCase> {};

TEST_P(BadRequest, IsRefusedInOnePieceAndByteByByte) {
    EXPECT_EQ(parse(GetParam().bytes).status, GetParam().status);
    EXPECT_EQ(parse(GetParam().bytes, 1).status, GetParam().status);
}

std::string post(std::string_view fields, std::string_view body = {}) {
    return fmt::format("POST /x HTTP/1.1\r\nHost: a\r\n{}\r\n{}", fields, body);
}

std::vector<BadCase> framing_cases() {
    return {
        {"length_and_chunked", post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")},
        {"chunked_and_length", post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n")},
        {"identity_and_length", post("Transfer-Encoding: identity\r\nContent-Length: 5\r\n", "hello")},
        {"two_lengths", post("Content-Length: 5\r\nContent-Length: 6\r\n", "hello!")},
        {"two_equal_lengths", post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello")},
        {"length_list", post("Content-Length: 5, 5\r\n", "hello")},
        {"length_plus", post("Content-Length: +5\r\n", "hello")},
        {"length_negative", post("Content-Length: -5\r\n", "hello")},
        {"length_hex", post("Content-Length: 0x5\r\n", "hello")},
        {"length_space", post("Content-Length: 5 5\r\n", "hello")},
        {"length_empty", post("Content-Length:\r\n")},
        {"length_overflow", post("Content-Length: 18446744073709551616\r\n")},
        {"gzip_chunked", post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n")},
        {"chunked_gzip", post("Transfer-Encoding: chunked, gzip\r\n", "0\r\n\r\n")},
        {"chunked_twice", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")},
        {"chunked_list_twice", post("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n")},
        {"chunked_quoted", post("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n")},
        {"chunked_vertical_tab", post("Transfer-Encoding: \x0b"
                                      "chunked\r\n",
                                      "0\r\n\r\n")},
        {"coding_unknown", post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n")},
        {"chunked_in_1_0", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
        {"chunk_size_prefix", post("Transfer-Encoding: chunked\r\n", "0x5\r\nhello\r\n0\r\n\r\n")},
        {"chunk_size_negative", post("Transfer-Encoding: chunked\r\n", "-5\r\nhello\r\n0\r\n\r\n")},
        {"chunk_size_empty", post("Transfer-Encoding: chunked\r\n", "\r\nhello\r\n0\r\n\r\n")},
        {"chunk_size_space", post("Transfer-Encoding: chunked\r\n", " 5\r\nhello\r\n0\r\n\r\n")},
        {"chunk_size_overflow", post("Transfer-Encoding: chunked\r\n", "10000000000000005\r\nhello\r\n0\r\n\r\n")},
        {"chunk_without_end", post("Transfer-Encoding: chunked\r\n", "5\r\nhelloXX0\r\n\r\n")},
        {"chunk_bare_lf", post("Transfer-Encoding: chunked\r\n", "5;a=\"\n\"\r\nhello\r\n0\r\n\r\n")},
        {"chunk_line_endless", post("Transfer-Encoding: chunked\r\n", "5;a=" + std::string(2000, 'a'))},
        {"chunk_line_long",
         post("Transfer-Encoding: chunked\r\n", "5;a=" + std::string(2000, 'a') + "\r\nhello\r\n0\r\n\r\n")},
        {"trailer_length", post("Transfer-Encoding: chunked\r\n", "0\r\nContent-Length: 5\r\n\r\n")},
        {"trailer_endless", post("Transfer-Encoding: chunked\r\n", "0\r\nA: " + std::string(2000, 'a'))},
        {"body_too_large", post("Content-Length: 1025\r\n"), 413},
        {"chunk_too_large", post("Transfer-Encoding: chunked\r\n", "401\r\n"), 413},
        {"chunks_too_large", post("Transfer-Encoding: chunked\r\n", "1\r\na\r\n400\r\n"), 413},
        {"expect_other", post("Expect: wonders\r\n"), 417},
    };
}

std::vector<BadCase> head_cases() {
    return {
        {"bare_lf", "GET / HTTP/1.1\nHost: a\n\n"},
        {"bare_lf_unfinished", "GET / HTTP/1.1\nHost: a\n"},
        {"bare_lf_field", "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n"},
        {"bare_lf_end", "GET / HTTP/1.1\r\nHost: a\r\n\n"},
        {"bare_cr", "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n"},
        {"nul", "GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n"s},
        {"folded", "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n"},
        {"folded_first", "GET / HTTP/1.1\r\n Host: a\r\n\r\n"},
        {"folded_tab", "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n\tb\r\n\r\n"},
        {"space_before_colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n"},
        {"no_colon", "GET / HTTP/1.1\r\nHost: a\r\nfoo\r\n\r\n"},
        {"empty_name", "GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n"},
        {"name_not_ascii", "GET / HTTP/1.1\r\nHost: a\r\nX\xc3\xa4: b\r\n\r\n"},
        {"no_host", "GET / HTTP/1.1\r\n\r\n"},
        {"two_hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"},
        {"host_with_path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"},
        {"host_with_user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"},
        {"host_bad_port", "GET / HTTP/1.1\r\nHost: a:8x\r\n\r\n"},
        {"host_list", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"},
        {"host_open_bracket", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"},
        {"target_absolute", "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"target_authority", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"target_asterisk", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"target_relative", "GET x HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"target_fragment", "GET /#x HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"target_bad_percent", "GET /%2 HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"target_bad_hex", "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"target_not_ascii", "GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"target_backslash", "GET /a\\b HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"no_target", "GET HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"two_spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"space_in_front", " GET / HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"method_not_token", "G(T / HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"version_2", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
        {"space_in_target", "GET /li vez HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"version_missing", "GET /\r\nHost: a\r\n\r\n"},
        {"version_long", "GET / HTTP/1.10\r\nHost: a\r\n\r\n"},
        {"head_too_large", get("X: " + std::string(1100, 'a') + "\r\n"), 431},
        {"head_endless", "GET /" + std::string(1100, 'a'), 431},
    };
}

std::string case_name(const testing::TestParamInfo<BadCase>& info) {
    return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(Framing, BadRequest, testing::ValuesIn(framing_cases()), case_name);
INSTANTIATE_TEST_SUITE_P(Head, BadRequest, testing::ValuesIn(head_cases()), case_name);

TEST(RequestParser, TakesWhatIsOddButRight) {
    EXPECT_EQ(parse("GET /a/../b//c?x[]=1&y HTTP/1.1\r\nHost: a\r\n\r\n").parts.path, "/a/../b//c");
    EXPECT_EQ(parse("GET /?q=a/b?c HTTP/1.1\r\nHost:\r\n\r\n").parts.query, "q=a/b?c");
    EXPECT_TRUE(parse("GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n").is_complete);
    EXPECT_TRUE(parse("M-SEARCH / HTTP/1.1\r\nHost: a\r\n\r\n").is_complete);
    EXPECT_TRUE(parse("GET / HTTP/1.0\r\n\r\n").is_complete);
    EXPECT_TRUE(parse(get("X: caf\xc3\xa9\r\n")).is_complete);
    EXPECT_TRUE(parse(post("Transfer-Encoding: CHUNKED\r\n", "0\r\n\r\n")).is_complete);
    EXPECT_EQ(parse(post("Content-Length: 1024\r\n", std::string(1024, 'x'))).parts.body.size(), 1024U);
    EXPECT_EQ(parse(post("Transfer-Encoding: chunked\r\n", "400\r\n" + std::string(1024, 'x') + "\r\n0\r\n\r\n"))
                  .parts.body.size(),
              1024U);
}

TEST(RequestParser, KnowsWhenTheCallerWaitsForContinue) {
    RequestParser parser(1_KiB, 1_KiB);
    ASSERT_TRUE(parser.feed(post("Content-Length: 5\r\nExpect: 100-Continue\r\n")));
    EXPECT_TRUE(parser.expects_continue());
    ASSERT_TRUE(parser.feed("hello"));
    EXPECT_FALSE(parser.expects_continue());
}

TEST(RequestParser, TakesNoMemoryForAPromisedLength) {
    RequestParser parser(1_KiB, 32_MiB);
    ASSERT_TRUE(parser.feed(post("Content-Length: 33554432\r\n", "x")));
    EXPECT_LE(parser.body_size(), 128U * 1024);
}

}  // namespace
}  // namespace lamd::transport::http
