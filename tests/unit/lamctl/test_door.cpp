#include "lamctl/door.h"

#include <gmock/gmock.h>

namespace lamd::lamctl {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class DoorTest : public testing::Test {
protected:
    static std::string head(std::string_view target, std::string_view fields = "Host: 127.0.0.1:8090\r\n") {
        std::string text = "GET ";
        return text.append(target).append(" HTTP/1.1\r\n").append(fields).append("\r\n");
    }
    std::string turned(std::string_view head) const {
        const auto verdict = door_.judge(head);
        const auto* turn = std::get_if<Door::Turn>(&verdict);
        return turn == nullptr ? "let in" : turn->answer;
    }
    std::string passed(std::string_view head) const {
        const auto verdict = door_.judge(head);
        const auto* pass = std::get_if<Door::Pass>(&verdict);
        return pass == nullptr ? "turned away" : pass->head;
    }

    Door door_{"secret", 8090};
};

constexpr std::string_view kIn = "Host: 127.0.0.1:8090\r\nCookie: a=b; lamctl-8090=secret\r\n";

TEST_F(DoorTest, GivesTheKeyAsACookieToWhoeverOpensTheAddress) {
    EXPECT_EQ(door_.url(), "http://127.0.0.1:8090/?key=secret");
    const auto answer = turned(head("/?key=secret"));
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 303 "));
    EXPECT_THAT(answer, HasSubstr("\r\nLocation: /dashboard/\r\n"));
    EXPECT_THAT(answer, HasSubstr("\r\nSet-Cookie: lamctl-8090=secret; Path=/; HttpOnly; SameSite=Strict\r\n"));
}

TEST_F(DoorTest, LetsNobodyInWithoutTheKey) {
    for (const auto* fields : {"Host: 127.0.0.1:8090\r\n", "Host: 127.0.0.1:8090\r\nCookie: lamctl-8090=secre\r\n",
                               "Host: 127.0.0.1:8090\r\nCookie: lamctl-8091=secret\r\n",
                               "Host: 127.0.0.1:8090\r\nCookie: xlamctl-8090=secret\r\n",
                               "Host: 127.0.0.1:8090\r\nCookie: lamctl-8090=secret\r\nCookie: a=b\r\n"}) {
        EXPECT_THAT(turned(head("/lam/v1/status", fields)), StartsWith("HTTP/1.1 403 ")) << fields;
    }
    EXPECT_THAT(turned(head("/?key=wrong")), StartsWith("HTTP/1.1 403 "));
    EXPECT_THAT(turned(head("/?key=secretly")), StartsWith("HTTP/1.1 403 "));
}

TEST_F(DoorTest, AnswersToItsOwnNameOnly) {
    for (const auto* fields : {"Host: attacker.example.org:8090\r\nCookie: lamctl-8090=secret\r\n",
                               "Host: 127.0.0.1:80\r\nCookie: lamctl-8090=secret\r\n", "Cookie: lamctl-8090=secret\r\n",
                               "Host: 127.0.0.1:8090\r\nHost: a\r\nCookie: lamctl-8090=secret\r\n"}) {
        EXPECT_THAT(turned(head("/", fields)), StartsWith("HTTP/1.1 421 ")) << fields;
    }
    EXPECT_THAT(passed(head("/", "host: localhost:8090\r\ncookie:lamctl-8090=secret\r\n")), StartsWith("GET / "));
}

TEST_F(DoorTest, AsksForOneAnswerOnAConnectionAndKeepsTheKeyToItself) {
    const auto sent = passed(head("/lam/v1/mode", std::string(kIn) + "Connection: keep-alive\r\nAccept: */*\r\n"));
    EXPECT_EQ(sent, "GET /lam/v1/mode HTTP/1.1\r\nHost: 127.0.0.1:8090\r\nAccept: */*\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(sent, Not(HasSubstr("secret")));
}

TEST_F(DoorTest, IsNotFooledByWhatIsNoHead) {
    for (const auto* text : {"", "\r\n\r\n", "GET", ":\r\n:\r\n\r\n", "GET / HTTP/1.1\r\nHost\r\n\r\n"}) {
        EXPECT_THAT(turned(text), StartsWith("HTTP/1.1 421 ")) << text;
    }
}

}  // namespace
}  // namespace lamd::lamctl
