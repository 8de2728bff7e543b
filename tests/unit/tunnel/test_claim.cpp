#include "tunnel/claim.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace lamd::tunnel {
namespace {

using namespace std::chrono_literals;
using Kind = ClaimAnswer::Kind;

TEST(ClaimAnswer, IsNotReadBeforeItsLineIsComplete) {
    EXPECT_FALSE(read_claim_answer("", false));
    EXPECT_FALSE(read_claim_answer("lamd-claim gran", false));
}

TEST(ClaimAnswer, IsFoundBehindWhatALoginShellSays) {
    const auto answer = read_claim_answer("Welcome!\nsh: warning\nlamd-claim granted\n", false);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->kind, Kind::granted);
}

TEST(ClaimAnswer, TellsOfATakeOver) {
    EXPECT_EQ(read_claim_answer("lamd-claim taken_over 4711\n", false)->kind, Kind::taken_over);
}

TEST(ClaimAnswer, NamesTheHolderAndWhenToAskAgain) {
    const auto answer = read_claim_answer("lamd-claim held 7 gpu-box\n", true);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->kind, Kind::held);
    EXPECT_EQ(answer->holder, "gpu-box");
    EXPECT_EQ(answer->retry, 7s);
}

TEST(ClaimAnswer, ComesFromAGuardOrFromTheScript) {
    EXPECT_FALSE(read_claim_answer("lamd-claim granted\n", false)->has_guard);
    EXPECT_FALSE(read_claim_answer("lamd-claim taken_over 4711\n", false)->has_guard);
    EXPECT_TRUE(read_claim_answer("lamd-claim granted guard\n", false)->has_guard);
    const auto answer = read_claim_answer("lamd-claim taken_over 4711 guard\n", false);
    EXPECT_EQ(answer->kind, Kind::taken_over);
    EXPECT_TRUE(answer->has_guard);
}

TEST(ClaimAnswer, OfAGuardSaysWhatIsHeldAndForHowLong) {
    const auto answer = read_claim_answer("lamd-claim held 15 attic guard 7260 127.0.0.1:8080 [::1]:1\n", false);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->kind, Kind::held);
    EXPECT_EQ(answer->holder, "attic");
    EXPECT_EQ(answer->retry, 15s);
    EXPECT_TRUE(answer->has_guard);
    EXPECT_EQ(answer->held_for, 7260s);
    EXPECT_EQ(answer->ports, "127.0.0.1:8080 [::1]:1");
}

TEST(ClaimTalk, AnswersWhatTheGuardAsks) {
    std::string output = "ping 3\nbeat\nping 4\npi";
    const auto talk = read_claim_talk(output);
    EXPECT_EQ(talk.reply, "pong 3\npong 4\n");
    EXPECT_TRUE(talk.is_answered);
    EXPECT_EQ(output, "pi");
}

TEST(ClaimTalk, TakesNoQuestionForABeat) {
    std::string output = "ping 3\n";
    EXPECT_FALSE(read_claim_talk(output).is_answered);
    EXPECT_EQ(output, "");
}

TEST(ClaimTalk, KeepsNothingOfWhatIsNoLine) {
    std::string output(5000, 'x');
    EXPECT_EQ(read_claim_talk(output).reply, "");
    EXPECT_EQ(output, "");
    output = "ping " + std::string(4000, '9') + "\n";
    EXPECT_LT(read_claim_talk(output).reply.size(), 40U);
}

TEST(ClaimAnswer, DoesNotTrustAnAbsurdWait) {
    EXPECT_EQ(read_claim_answer("lamd-claim held 99999999 x\n", true)->retry, 1h);
    EXPECT_EQ(read_claim_answer("lamd-claim held -5 x\n", true)->retry, 1s);
    EXPECT_EQ(read_claim_answer("lamd-claim held soon x\n", true)->retry, 1s);
}

TEST(ClaimAnswer, SaysWhatAnAccountWithoutAShellAnswered) {
    const auto answer = read_claim_answer("This account is currently not available.\n", true);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->kind, Kind::unavailable);
    EXPECT_EQ(answer->why, "the server answered \"This account is currently not available.\"");
}

TEST(ClaimAnswer, SaysWhatTheScriptMissed) {
    EXPECT_EQ(read_claim_answer("lamd-claim unavailable no /proc on this server\n", true)->why,
              "no /proc on this server");
}

TEST(ClaimAnswer, GivesUpOnAServerThatChattersForEver) {
    EXPECT_FALSE(read_claim_answer(std::string(1000, 'x'), false));
    EXPECT_EQ(read_claim_answer("x\n" + std::string(5000, 'y') + "\n", false)->kind, Kind::unavailable);
}

TEST(ClaimCommand, LetsNothingOutOfItsQuotes) {
    const auto command =
        claim_command({.tunnel = "a'b; rm -rf /", .instance = "$(id)", .host = "h`x`", .limit = 14500ms});
    EXPECT_TRUE(command.ends_with("' lamd-claim a_b__rm_-rf__ __id_ h_x_ 15")) << command;
    EXPECT_EQ(std::count(command.begin(), command.end(), '\''), 2);
}

}  // namespace
}  // namespace lamd::tunnel
