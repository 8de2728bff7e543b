// lamctl chat, end to end.
#include "api/error.h"
#include "tests/unit/lamctl/scripted_lamd.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <csignal>

namespace lamd::lamctl {
namespace {

using test::Call;
using test::Ended;
using test::Program;
using testing::HasSubstr;
using testing::Not;

std::string delta(std::string_view content) {
    return fmt::format("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{}\"}}}}]}}\n\n", content);
}

constexpr std::string_view kFinish =
    "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
    "data: {\"choices\":[],\"usage\":{\"completion_tokens\":7},\"timings\":{\"predicted_per_second\":42.5}}\n\n"
    "data: [DONE]\n\n";
constexpr std::string_view kFields = "Lam-Server: gpu1\r\nLam-Transport: sse\r\n";

class Chat : public testing::Test {
protected:
    std::vector<std::string> with_socket(std::vector<std::string> words) {
        words.insert(words.begin(), {"--socket", lamd.socket(), "chat"});
        return words;
    }
    test::ScriptedLamd lamd;
};

TEST_F(Chat, ShowsEachTokenAsItComes) {
    Program program(with_socket({"Hello", "there"}));
    Call call = lamd.accept();
    EXPECT_THAT(call.head, HasSubstr("POST /v1/chat/completions HTTP/1.1\r\n"));
    EXPECT_THAT(call.head, HasSubstr("Content-Type: application/json\r\n"));
    EXPECT_EQ(call.body, R"({"messages":[{"role":"user","content":"Hello there"}],"stream":true,)"
                         R"("stream_options":{"include_usage":true}})");
    call.begin_events(kFields);
    call.send_chunk(delta("One "));
    EXPECT_TRUE(program.await_output("One "));
    call.send_chunk(delta("two"));
    EXPECT_TRUE(program.await_output("One two"));
    call.send_chunk(kFinish);
    call.end_chunks();
    const Ended ended = program.finish();
    EXPECT_EQ(ended.out, "One two\n");
    EXPECT_EQ(ended.code, 0);
    EXPECT_THAT(ended.error, testing::StartsWith("first token after "));
    EXPECT_THAT(ended.error, testing::EndsWith("s, 42.5 tokens/s (7 tokens), gpu1 over sse\n"));
}

TEST_F(Chat, TakesItsOptionsAndAPipe) {
    Program program(with_socket({"-m", "qwen", "--system", "be brief", "--max-tokens", "5", "--temperature", "0.5"}));
    program.type("from a\npipe");
    program.end_input();
    Call call = lamd.accept();
    EXPECT_EQ(call.body, R"({"model":"qwen","messages":[{"role":"system","content":"be brief"},)"
                         R"({"role":"user","content":"from a\npipe"}],"max_tokens":5,"temperature":0.5,)"
                         R"("stream":true,"stream_options":{"include_usage":true}})");
    call.answer(503, api::encode(api::make_error(503, "no server is up")), "Retry-After: 2\r\n");
    const Ended ended = program.finish();
    EXPECT_EQ(ended.code, 1);
    EXPECT_EQ(ended.error, "lamctl: no server is up\nnext: try again in 2 s\n");
}

TEST_F(Chat, ADashStandsForThePipe) {
    Program program(with_socket({"Summarise:", "-"}));
    program.type("words");
    program.end_input();
    Call call = lamd.accept();
    EXPECT_THAT(call.body, HasSubstr(R"("content":"Summarise: words")"));
}

TEST_F(Chat, SaysNothingWithoutAQuestion) {
    Program program(with_socket({}));
    program.type(" \n");
    EXPECT_EQ(program.finish().code, 2);
}

TEST_F(Chat, KeepsWhatCameOfACutAnswer) {
    for (const bool is_clean : {true, false}) {
        Program program(with_socket({"x"}));
        Call call = lamd.accept();
        call.begin_events(kFields);
        call.send_chunk(delta("half an ans"));
        EXPECT_TRUE(program.await_output("half an ans"));
        is_clean ? call.end_chunks() : call.close();
        const Ended ended = program.finish();
        EXPECT_EQ(ended.code, 1) << is_clean;
        EXPECT_EQ(ended.out, "half an ans\n");
        EXPECT_THAT(ended.error, HasSubstr("gpu1 over sse\nlamctl: the "));
    }
}

TEST_F(Chat, SaysTheErrorThatEndsAnAnswer) {
    Program program(with_socket({"x"}));
    Call call = lamd.accept();
    call.begin_events();
    call.send_chunk(delta("a") + "data: " + api::encode(api::make_error(502, "the server went away")) + "\n\n");
    call.end_chunks();
    const Ended ended = program.finish();
    EXPECT_EQ(ended.out, "a\n");
    EXPECT_EQ(ended.code, 1);
    EXPECT_THAT(ended.error, HasSubstr("lamctl: the server went away\n"));
}

TEST_F(Chat, ABodyThatIsNoStreamIsAnError) {
    Program program(with_socket({"x"}));
    lamd.accept().answer(200, "<html>", "Content-Type: text/html\r\n");
    const Ended ended = program.finish();
    EXPECT_EQ(ended.code, 1);
    EXPECT_THAT(ended.error, HasSubstr("no event stream but text/html"));
}

TEST_F(Chat, CtrlCCancels) {
    Program program(with_socket({"x"}));
    Call call = lamd.accept();
    call.begin_events();
    call.send_chunk(delta("a"));
    EXPECT_TRUE(program.await_output("a"));
    program.signal(SIGINT);
    EXPECT_TRUE(call.is_left());
    const Ended ended = program.finish();
    EXPECT_EQ(ended.code, 130);
    EXPECT_THAT(ended.error, Not(HasSubstr("lamctl:")));
}

TEST_F(Chat, CtrlCIsHeardWhileNobodyReadsTheAnswer) {
    Program program(with_socket({"x"}));
    Call call = lamd.accept();
    call.begin_events();
    // More than a pipe holds: lamctl is stuck in writing, and stops reading.
    call.send_chunk(delta(std::string(100'000, 'x')));
    program.signal(SIGINT);
    EXPECT_TRUE(call.is_left());
    EXPECT_EQ(program.finish().code, 130);
}

TEST_F(Chat, EndsQuietlyWhenTheReaderLeft) {
    Program program(with_socket({"x"}));
    Call call = lamd.accept();
    call.begin_events();
    program.stop_reading();
    EXPECT_TRUE(call.is_left()) << "without another token";
    const Ended ended = program.finish();
    EXPECT_EQ(ended.code, 0);
    EXPECT_THAT(ended.error, Not(HasSubstr("lamctl:")));
}

TEST_F(Chat, JsonIsTheEventsAsTheyCame) {
    Program program(with_socket({"--json", "x"}));
    Call call = lamd.accept();
    call.begin_events();
    call.send_chunk(": beat\n\n" + delta("a") + std::string(kFinish));
    call.end_chunks();
    EXPECT_EQ(program.finish().out,
              "{\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n"
              "{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n"
              "{\"choices\":[],\"usage\":{\"completion_tokens\":7},\"timings\":{\"predicted_per_second\":42.5}}\n");
}

TEST_F(Chat, ATerminalShowsReasoningDimmed) {
    Program program(with_socket({"x"}), {{{"TERM", "xterm"}, {"LC_ALL", "C.UTF-8"}}, true, {}});
    Call call = lamd.accept();
    call.begin_events();
    call.send_chunk("data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"hm\"}}]}\n\n" +
                    delta("\\u00e9\\u001b[2J"));
    call.send_chunk(kFinish);
    call.end_chunks();
    EXPECT_THAT(program.finish().out, testing::StartsWith("\x1b[2m(thinking) hm\x1b[0m\r\n\r\n\u00e9?[2J\r\n"));
}

}  // namespace
}  // namespace lamd::lamctl
