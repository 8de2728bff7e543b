#include "worker/legacy/outbox.h"
#include "worker/legacy/repeats.h"
#include "worker/legacy/sessions.h"
#include "worker/legacy/turns.h"

#include <gmock/gmock.h>

namespace lamd::worker::legacy {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

const SessionKey kKey{"p", "s"};

std::string at(Sessions& sessions, const SessionKey& key, Instant now = Instant()) {
    return sessions.ask(key, "P", "Q", now).messages;
}

void talk(Sessions& sessions, const SessionKey& key, const std::string& text, Instant now = Instant()) {
    const auto asked = sessions.ask(key, "P", text, now);
    sessions.answered(key, asked.ticket, text, "re " + text, now);
}

TEST(Sessions, KeepPromptAndTurns) {
    Sessions sessions({});
    talk(sessions, kKey, "one");
    EXPECT_EQ(at(sessions, kKey), R"([{"content":"P","role":"system"},{"content":"one","role":"user"},)"
                                  R"({"content":"re one","role":"assistant"},{"content":"Q","role":"user"}])");
    EXPECT_EQ(at(sessions, {"q", "s"}), R"([{"content":"P","role":"system"},{"content":"Q","role":"user"}])")
        << "of another project";
}

TEST(Sessions, ForgetAMessageThatWasNotAnswered) {
    Sessions sessions({});
    static_cast<void>(sessions.ask(kKey, "P", "lost", Instant()));
    EXPECT_EQ(at(sessions, kKey).find("lost"), std::string::npos);
}

TEST(Sessions, TrimTheOldestTurnsAndNeverThePrompt) {
    Sessions sessions({.tokens = 60});
    for (int i = 0; i < 10; ++i) {
        talk(sessions, kKey, "turn " + std::to_string(i) + std::string(20, 'x'));
    }
    const auto messages = at(sessions, kKey);
    EXPECT_THAT(messages, HasSubstr(R"({"content":"P","role":"system"})"));
    EXPECT_THAT(messages, HasSubstr("turn 9"));
    EXPECT_EQ(messages.find("turn 7"), std::string::npos);
}

TEST(Sessions, EvictTheOneThatWasUsedLongestAgo) {
    Sessions sessions({.sessions = 2});
    talk(sessions, {"p", "a"}, "x", Instant() + 1s);
    talk(sessions, {"p", "b"}, "x", Instant() + 2s);
    talk(sessions, {"p", "a"}, "x", Instant() + 3s);
    talk(sessions, {"p", "c"}, "x", Instant() + 4s);
    EXPECT_THAT(sessions.of("p"), ElementsAre(SessionKey{"p", "c"}, SessionKey{"p", "a"}));
}

TEST(Sessions, ExpireWithoutUse) {
    Sessions sessions({.expire = 10s});
    talk(sessions, {"p", "a"}, "x", Instant());
    talk(sessions, {"p", "b"}, "x", Instant() + 5s);
    sessions.expire(Instant() + 9s);
    EXPECT_EQ(sessions.size(), 2u);
    sessions.expire(Instant() + 10s);
    EXPECT_THAT(sessions.of("p"), ElementsAre(SessionKey{"p", "b"}));
    EXPECT_EQ(at(sessions, {"p", "b"}, Instant() + 15s).find("re x"), std::string::npos) << "a new one of that name";
}

TEST(Sessions, RememberNoAnswerOfATimeBefore) {
    using Change = void (*)(Sessions&);
    for (const Change change : {Change([](Sessions& s) { s.clear(kKey); }), Change([](Sessions& s) { s.erase(kKey); }),
                                Change([](Sessions& s) {
                                    s.erase(kKey);
                                    talk(s, kKey, "new");
                                }),
                                Change([](Sessions& s) { s.set_prompt(kKey, "N", true, Instant()); })}) {
        Sessions sessions({});
        const auto asked = sessions.ask(kKey, "P", "old", Instant());
        change(sessions);
        sessions.answered(kKey, asked.ticket, "old", "re old", Instant());
        EXPECT_EQ(at(sessions, kKey).find("old"), std::string::npos);
    }
}

TEST(Sessions, TakeAnotherPrompt) {
    Sessions sessions({});
    talk(sessions, kKey, "one");
    sessions.set_prompt(kKey, "N", false, Instant());
    EXPECT_THAT(at(sessions, kKey), HasSubstr(R"("N","role":"system"},{"content":"one","role":"user"})"));
    sessions.set_prompt(kKey, "M", true, Instant());
    EXPECT_EQ(at(sessions, kKey), R"([{"content":"M","role":"system"},{"content":"Q","role":"user"}])");
    sessions.set_prompt({"p", "new"}, "X", true, Instant());
    EXPECT_THAT(at(sessions, {"p", "new"}), HasSubstr("\"X\""));
    sessions.clear(kKey);
    EXPECT_THAT(at(sessions, kKey), HasSubstr("\"M\"")) << "clearing keeps the prompt";
    sessions.clear({"p", "unknown"});
    sessions.erase({"p", "unknown"});
    EXPECT_EQ(sessions.size(), 2u);
}

Errand errand(const std::string& session, const std::string& text = "") {
    return {.key = {"p", session}, .text = text, .system_prompt = {}, .sampling = {}, .topic = {}, .fingerprint = {}};
}

std::string begun(Turns& turns) {
    const auto next = turns.next();
    return next ? next->key.session + next->text : "nothing";
}

TEST(Turns, OfOneSessionFollowEachOther) {
    Turns turns({});
    EXPECT_TRUE(turns.submit(errand("a", "1")));
    EXPECT_TRUE(turns.submit(errand("a", "2")));
    EXPECT_TRUE(turns.submit(errand("b", "1")));
    EXPECT_EQ(begun(turns), "a1");
    EXPECT_EQ(begun(turns), "b1");
    EXPECT_EQ(begun(turns), "nothing");
    turns.ended({"p", "a"});
    EXPECT_EQ(begun(turns), "a2");
}

TEST(Turns, AreAsManyAtOnceAsTheyMay) {
    Turns turns({.answers = 2, .waiting = 1});
    for (const auto* session : {"a", "b"}) {
        EXPECT_TRUE(turns.submit(errand(session)));
        EXPECT_EQ(begun(turns), session);
    }
    EXPECT_TRUE(turns.submit(errand("c")));
    EXPECT_FALSE(turns.submit(errand("d"))) << "the queue is full";
    EXPECT_EQ(begun(turns), "nothing");
    EXPECT_EQ(turns.running(), 2u);
    EXPECT_EQ(turns.waiting(), 1u);
    turns.ended({"p", "b"});
    EXPECT_EQ(begun(turns), "c");
}

TEST(Turns, WithoutAQueueBeginAtOnceOrNotAtAll) {
    Turns turns({.answers = 1, .waiting = 0});
    EXPECT_TRUE(turns.submit(errand("a")));
    EXPECT_EQ(begun(turns), "a");
    EXPECT_FALSE(turns.submit(errand("a")));
    EXPECT_FALSE(turns.submit(errand("b")));
}

TEST(Turns, LeaveRoomToOtherSessions) {
    Turns turns({.answers = 1, .waiting = 64, .waiting_of_session = 2});
    EXPECT_TRUE(turns.submit(errand("a")));
    EXPECT_EQ(begun(turns), "a");
    EXPECT_TRUE(turns.submit(errand("a")));
    EXPECT_TRUE(turns.submit(errand("a")));
    EXPECT_FALSE(turns.submit(errand("a")));
    EXPECT_TRUE(turns.submit(errand("b")));
}

TEST(Repeats, AreAnsweredOnce) {
    Repeats repeats;
    const auto one = Repeats::fingerprint("p", "payload");
    EXPECT_EQ(repeats.look(one, Instant()).verdict, Repeats::Verdict::fresh);
    EXPECT_EQ(repeats.look(one, Instant()).verdict, Repeats::Verdict::under_way);
    repeats.answered(one, "answer");
    const auto again = repeats.look(one, Instant() + 9min);
    EXPECT_EQ(again.verdict, Repeats::Verdict::answered);
    EXPECT_EQ(again.answer, "answer");
    EXPECT_EQ(repeats.look(one, Instant() + 10min).verdict, Repeats::Verdict::fresh) << "forgotten by then";
    EXPECT_NE(Repeats::fingerprint("q", "payload"), one);
}

TEST(Repeats, MayBeAskedAgainAfterAFailure) {
    Repeats repeats;
    static_cast<void>(repeats.look(1, Instant()));
    repeats.forget(1);
    EXPECT_EQ(repeats.look(1, Instant()).verdict, Repeats::Verdict::fresh);
}

TEST(Repeats, AreBounded) {
    Repeats repeats;
    for (std::size_t i = 0; i < 1000; ++i) {
        static_cast<void>(repeats.look(i, Instant()));
    }
    EXPECT_EQ(repeats.look(0, Instant()).verdict, Repeats::Verdict::fresh);
    EXPECT_EQ(repeats.look(999, Instant()).verdict, Repeats::Verdict::under_way);
}

std::string drain(Outbox& outbox) {
    std::string sent;
    while (const auto* next = outbox.next()) {
        sent += next->payload;
        outbox.sent();
    }
    return sent;
}

TEST(Outbox, SendsAgainWhatWasNotAcknowledged) {
    Outbox outbox;
    outbox.add({"t", "1"});
    outbox.add({"t", "2"});
    EXPECT_EQ(drain(outbox), "12");
    outbox.add({"t", "3"});
    outbox.lost();
    EXPECT_EQ(drain(outbox), "123");
    outbox.acknowledged();
    outbox.lost();
    EXPECT_EQ(drain(outbox), "");
    EXPECT_EQ(outbox.size(), 0u);
}

TEST(Outbox, IsBounded) {
    Outbox outbox(2);
    outbox.add({"t", "1"});
    outbox.add({"t", "2"});
    outbox.add({"t", "3"});
    EXPECT_EQ(drain(outbox), "23");
    outbox.add({"t", "4"});
    outbox.lost();
    EXPECT_EQ(drain(outbox), "34");
    outbox.add({"t", "5"});
    outbox.drop();
    EXPECT_EQ(outbox.size(), 1u);
}

}  // namespace
}  // namespace lamd::worker::legacy
