#include "worker/journal.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace lamd::worker {
namespace {

const std::string kTen(10, 'x');

struct JournalTest : testing::Test {
    Shelf shelf{100_B};
    Journal journal{shelf, 40_B};

    void fill(int count) {
        for (int i = 0; i < count; ++i) {
            journal.append(kTen);
        }
    }
};

TEST_F(JournalTest, NumbersItsEventsFromZero) {
    journal.append("one");
    journal.append("two");
    EXPECT_EQ(journal.first(), 0U);
    EXPECT_EQ(journal.next(), 2U);
    EXPECT_EQ(journal.at(0), "one");
    EXPECT_EQ(journal.at(1), "two");
    EXPECT_FALSE(journal.at(2));
}

TEST_F(JournalTest, CountsWhatTheOtherEndWillCompare) {
    journal.append("1234");
    journal.append("56789");
    EXPECT_EQ(journal.totals(), (transport::stream::Totals{2, 9, 0xCBF43926}));  // the check value of CRC-32
}

TEST_F(JournalTest, KeepsWhatIsAcknowledgedWhileThereIsRoom) {
    fill(3);
    journal.acknowledge(3);
    EXPECT_EQ(journal.first(), 0U);
    fill(3);
    EXPECT_EQ(journal.first(), 2U);
    EXPECT_EQ(shelf.bytes(), 40U);
}

TEST_F(JournalTest, NeverDropsWhatNobodyHasAcknowledged) {
    fill(4);
    EXPECT_TRUE(journal.is_full());
    fill(1);  // what was read already must be kept all the same
    EXPECT_EQ(journal.first(), 0U);
    journal.acknowledge(1);
    EXPECT_FALSE(journal.is_full());
    fill(1);
    EXPECT_EQ(journal.first(), 1U);
    EXPECT_TRUE(journal.is_full());
}

TEST_F(JournalTest, AnAcknowledgementOfTheFutureOrThePastChangesNothing) {
    fill(2);
    journal.acknowledge(1000);
    journal.acknowledge(1);
    fill(4);
    EXPECT_EQ(journal.first(), 2U) << "events 0 and 1 had arrived, no other";
}

TEST_F(JournalTest, TheShelfTakesRoomFromTheOldestStreamThatHasEnded) {
    fill(4);
    journal.close();
    Journal second(shelf, 40_B);
    Journal third(shelf, 40_B);
    for (int i = 0; i < 4; ++i) {
        second.append(kTen);
        third.append(kTen);
    }
    EXPECT_EQ(shelf.bytes(), 100U);
    EXPECT_EQ(journal.first(), 2U);
    EXPECT_EQ(second.first(), 0U);
    EXPECT_EQ(third.first(), 0U);
}

TEST_F(JournalTest, AFullShelfHoldsUpStreamsThatHaveNothingToGive) {
    Journal second(shelf, 1000_B);
    for (int i = 0; i < 10; ++i) {
        second.append(kTen);
    }
    EXPECT_TRUE(shelf.is_full());
    EXPECT_TRUE(journal.is_full());
    second.acknowledge(1);
    EXPECT_FALSE(second.is_full());
    EXPECT_FALSE(journal.is_full()) << "another stream has something to give";
}

TEST_F(JournalTest, TheShelfPassesOverWhatHasGivenEverything) {
    std::vector<std::unique_ptr<Journal>> ended;
    for (int i = 0; i < 10; ++i) {
        ended.push_back(std::make_unique<Journal>(shelf, 40_B));
        ended.back()->append(kTen);
        ended.back()->close();
    }
    fill(4);
    for (int i = 0; i < 10; ++i) {
        EXPECT_EQ(ended.at(i)->at(0).has_value(), i >= 4) << i;
    }
    ended.erase(ended.begin() + 2, ended.begin() + 6);
    EXPECT_EQ(shelf.bytes(), 80U);
    ended.clear();
    EXPECT_EQ(shelf.bytes(), 40U);
    EXPECT_EQ(journal.first(), 0U);
}

TEST_F(JournalTest, GivesItsRoomBackWhenItGoes) {
    {
        Journal second(shelf, 40_B);
        second.append(kTen);
        EXPECT_EQ(shelf.bytes(), 10U);
    }
    EXPECT_EQ(shelf.bytes(), 0U);
}

TEST_F(JournalTest, HasItsMiddleWhereHalfOfTheBytesAre) {
    EXPECT_EQ(journal.middle(), 0U);
    journal.append(std::string(30, 'x'));
    journal.append("x");
    journal.append("x");
    EXPECT_EQ(journal.middle(), 1U) << "by bytes, not by events";
    journal.acknowledge(3);
    journal.append(std::string(30, 'x'));
    EXPECT_EQ(journal.first(), 1U);
    EXPECT_EQ(journal.middle(), 4U) << "of those that are still there";
}

TEST_F(JournalTest, TheShelfKeepsToAnotherLimit) {
    fill(4);
    journal.acknowledge(4);
    EXPECT_FALSE(shelf.is_full());
    shelf.set_limit(20_B);
    fill(1);
    EXPECT_EQ(shelf.bytes(), 20U);
    EXPECT_EQ(journal.first(), 3U);
}

}  // namespace
}  // namespace lamd::worker
