#include "gateway/sessions/database.h"

#include "tests/unit/daemon/temporary_directory.h"

#include <gtest/gtest.h>

#include <sys/stat.h>

#include <fstream>
#include <iterator>

namespace lamd::gateway::sessions {
namespace {

using namespace std::chrono_literals;
using daemon::TemporaryDirectory;
using transport::openai::make_message;

const WallTime kNow{1'800'000'000s};
const Bounds kBounds{.max = 100, .expire = 1h};

std::unique_ptr<Database> opened(const std::string& file = {}) {
    auto database = Database::open(file);
    EXPECT_TRUE(database) << (database ? "" : database.error().message);
    return database ? std::move(*database) : nullptr;
}

KeptTurn turn(std::uint64_t seq, const std::string& text, std::uint64_t tokens = 0) {
    return {.seq = seq,
            .turn = {{make_message("user", text), make_message("assistant", "re: " + text)}},
            .tokens = tokens,
            .tokenizer = tokens > 0 ? "t" : "",
            .is_changed = true};
}

Session session(const std::string& id, WallTime used = kNow, std::uint32_t uid = 7) {
    return {.key = {uid, id},
            .created = kNow - 5min,
            .used = used,
            .system_prompt = "Be \"kind\".",
            .model = "m",
            .defaults = R"({"top_p":0.5})",
            .turns = {turn(0, "one \xc3\xa4\n"), turn(1, "two", 12)}};
}

Session stored(Session session) {
    for (auto& turn : session.turns) {
        turn.is_changed = false;
    }
    return session;
}

std::optional<Session> found(Database& database, const std::string& id, std::uint32_t uid = 7, WallTime now = kNow) {
    return *database.find({uid, id}, now - kBounds.expire);
}

std::vector<std::string> ids(Database& database, WallTime now = kNow) {
    std::vector<std::string> ids;
    for (const auto& summary : *database.list(7, "", 1000, now - kBounds.expire)) {
        ids.push_back(summary.id);
    }
    return ids;
}

TEST(SessionDatabase, GivesBackWhatWasSaved) {
    const auto database = opened();
    ASSERT_TRUE(database->save(session("a"), kBounds));
    EXPECT_EQ(found(*database, "a"), stored(session("a")));
    EXPECT_EQ(found(*database, "b"), std::nullopt);
    EXPECT_EQ(found(*database, "a", 8), std::nullopt) << "another user's";
    EXPECT_EQ(database->count(), 1);
}

TEST(SessionDatabase, WritesTheTurnsThatChangedAndForgetsThoseBeforeTheFirst) {
    const auto database = opened();
    ASSERT_TRUE(database->save(session("a"), kBounds));
    auto next = stored(session("a"));
    next.turns.pop_front();
    next.turns.front().tokens = 99;  // not said to be changed
    next.turns.push_back(turn(2, "three"));
    next.system_prompt = "";
    ASSERT_TRUE(database->save(next, kBounds));
    auto expected = stored(next);
    expected.turns.front().tokens = 12;
    EXPECT_EQ(found(*database, "a"), expected);
    EXPECT_EQ(database->count(), 1);
}

TEST(SessionDatabase, ForgetsTheLeastRecentlyUsedBeyondItsBounds) {
    const auto database = opened();
    const Bounds bounds{.max = 3, .expire = 1h};
    for (const auto& [id, age] : std::map<std::string, Duration>{{"a", 4min}, {"b", 5min}, {"c", 3min}}) {
        ASSERT_TRUE(database->save(session(id, kNow - age), bounds));
    }
    ASSERT_TRUE(database->save(session("b", kNow - 1min), bounds)) << "used again";
    ASSERT_TRUE(database->save(session("d"), bounds));
    EXPECT_EQ(ids(*database), (std::vector<std::string>{"b", "c", "d"}));
    EXPECT_EQ(database->count(), 3);
    ASSERT_TRUE(database->save(session("e"), {.max = 1, .expire = 1h})) << "the bound has become smaller";
    EXPECT_EQ(ids(*database), std::vector<std::string>{"e"});
}

TEST(SessionDatabase, ForgetsWhatHasExpired) {
    const auto database = opened();
    ASSERT_TRUE(database->save(session("old", kNow - 50min), kBounds));
    const auto later = kNow + 30min;
    EXPECT_TRUE(found(*database, "old"));
    EXPECT_FALSE(found(*database, "old", 7, later)) << "though it is still there";
    EXPECT_EQ(ids(*database, later), std::vector<std::string>{});
    ASSERT_TRUE(database->save(session("new", later), kBounds));
    EXPECT_EQ(database->count(), 1);
    EXPECT_FALSE(found(*database, "old"));
}

TEST(SessionDatabase, RemovesASessionWithItsTurns) {
    const auto database = opened();
    ASSERT_TRUE(database->save(session("a"), kBounds));
    EXPECT_FALSE(*database->remove({8, "a"}));
    EXPECT_TRUE(*database->remove({7, "a"}));
    EXPECT_FALSE(*database->remove({7, "a"}));
    auto empty = session("a");
    empty.turns.clear();
    ASSERT_TRUE(database->save(empty, kBounds));
    EXPECT_TRUE(found(*database, "a")->turns.empty()) << "none of before";
}

TEST(SessionDatabase, ListsInPages) {
    const auto database = opened();
    for (const auto* id : {"c", "a", "b"}) {
        ASSERT_TRUE(database->save(session(id), kBounds));
    }
    ASSERT_TRUE(database->save(session("x", kNow, 8), kBounds));
    const auto page = database->list(7, "a", 1, kNow - 1h);
    ASSERT_EQ(page->size(), 1);
    EXPECT_EQ(page->front().id, "b");
    EXPECT_EQ(page->front().turns, 2);
    EXPECT_EQ(page->front().model, "m");
    EXPECT_EQ(ids(*database), (std::vector<std::string>{"a", "b", "c"}));
}

TEST(SessionDatabase, ImportsInThePlaceOfWhatWasThere) {
    const auto database = opened();
    ASSERT_TRUE(database->save(session("a"), kBounds));
    auto other = session("a");
    other.turns = {turn(0, "other")};
    ASSERT_TRUE(database->import({other, session("b")}, kBounds));
    EXPECT_EQ(found(*database, "a"), stored(other));
    EXPECT_EQ(database->count(), 2);
}

TEST(SessionDatabase, KeepsAFileThatNobodyElseReads) {
    const TemporaryDirectory directory;
    const auto file = directory / "sessions.db";
    ASSERT_TRUE(opened(file)->save(session("a"), kBounds));
    EXPECT_EQ(found(*opened(file), "a"), stored(session("a")));
    EXPECT_EQ(opened(file)->count(), 1);
    struct stat status{};
    ASSERT_EQ(::stat(file.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

std::string contents(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

void expect_refused(const std::string& file, const std::string& why) {
    const auto before = contents(file);
    const auto database = Database::open(file);
    ASSERT_FALSE(database);
    EXPECT_NE(database.error().message.find(why), std::string::npos) << database.error().message;
    EXPECT_EQ(contents(file), before) << "it stays as it is";
}

void overwrite(const std::string& file, std::streamoff place, const std::string& bytes) {
    std::fstream out(file, std::ios::in | std::ios::out | std::ios::binary);
    out.seekp(place);
    out << bytes;
}

TEST(SessionDatabase, RefusesWhatItCannotReadAndLeavesItAsItIs) {
    const TemporaryDirectory directory;
    const auto file = directory / "sessions.db";
    std::ofstream(file) << "this is no database, but somebody's notes";
    expect_refused(file, "not a database");
}

TEST(SessionDatabase, RefusesAFileOfANewerLamd) {
    const TemporaryDirectory directory;
    const auto file = directory / "sessions.db";
    ASSERT_TRUE(opened(file)->save(session("a"), kBounds));
    overwrite(file, 63, "\x02");  // user_version (SQLite's file format, 1.3)
    expect_refused(file, "newer lamd (version 2");
}

TEST(SessionDatabase, RefusesADamagedFile) {
    const TemporaryDirectory directory;
    const auto file = directory / "sessions.db";
    {
        const auto database = opened(file);
        for (int i = 0; i < 50; ++i) {
            ASSERT_TRUE(database->save(session("session-" + std::to_string(i)), kBounds));
        }
    }
    overwrite(file, 2 * 4096, std::string(4096, '\x55'));
    const auto before = contents(file);
    EXPECT_FALSE(Database::open(file));
    EXPECT_EQ(contents(file), before);
}

TEST(SessionDatabase, SaysWhereItCannotWrite) {
    const auto database = Database::open("/nonexistent/sessions.db");
    ASSERT_FALSE(database);
    EXPECT_NE(database.error().message.find("unable to open"), std::string::npos) << database.error().message;
}

}  // namespace
}  // namespace lamd::gateway::sessions
