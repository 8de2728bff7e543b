#include "tunnel/peer_watch.h"

#include <gtest/gtest.h>

namespace lamd::tunnel {
namespace {

using namespace std::chrono_literals;
using Verdict = PeerWatch::Verdict;

constexpr Instant kStart(1000h);

TEST(PeerWatch, LeavesAPeerAloneThatSendsByItself) {
    PeerWatch watch(10s, false, kStart);
    auto now = kStart;
    for (int i = 0; i < 100; ++i) {
        now += 3s;
        watch.received(now);
        EXPECT_EQ(watch.next(now).verdict, Verdict::wait);
        EXPECT_EQ(watch.next(now).until, now + 4s);
    }
}

TEST(PeerWatch, ProbesAfterSilence) {
    const PeerWatch watch(10s, false, kStart);
    EXPECT_EQ(watch.next(kStart + 3999ms).verdict, Verdict::wait);
    EXPECT_EQ(watch.next(kStart + 4s).verdict, Verdict::probe);
}

TEST(PeerWatch, GivesUpBeforeItsLimit) {
    PeerWatch watch(10s, false, kStart);
    watch.probed(kStart + 4s);
    EXPECT_EQ(watch.next(kStart + 4s).verdict, Verdict::wait);
    EXPECT_EQ(watch.next(kStart + 9s).verdict, Verdict::probe) << "one more, which does not put the end off";
    watch.probed(kStart + 9s);
    EXPECT_EQ(watch.next(kStart + 9499ms).verdict, Verdict::wait);
    EXPECT_EQ(watch.next(kStart + 9499ms).until, kStart + 9500ms);
    EXPECT_EQ(watch.next(kStart + 9500ms).verdict, Verdict::dead);
}

TEST(PeerWatch, TakesAnythingThatArrivesForLife) {
    PeerWatch watch(10s, false, kStart);
    watch.probed(kStart + 4s);
    watch.received(kStart + 9s);
    EXPECT_EQ(watch.next(kStart + 12s).verdict, Verdict::wait);
    EXPECT_EQ(watch.next(kStart + 13s).verdict, Verdict::probe);
}

TEST(PeerWatch, NeverGivesUpAPeerThatItHasNotAsked) {
    PeerWatch watch(10s, false, kStart);
    const auto after_being_stopped = kStart + 1h;
    EXPECT_EQ(watch.next(after_being_stopped).verdict, Verdict::probe);
    watch.probed(after_being_stopped);
    EXPECT_EQ(watch.next(after_being_stopped + 5s).verdict, Verdict::probe);
    EXPECT_EQ(watch.next(after_being_stopped + 5500ms).verdict, Verdict::dead);
}

TEST(PeerWatch, BeatsWhateverArrives) {
    PeerWatch watch(10s, true, kStart);
    watch.received(kStart + 3900ms);
    EXPECT_EQ(watch.next(kStart + 3900ms).until, kStart + 4s);
    EXPECT_EQ(watch.next(kStart + 4s).verdict, Verdict::probe);
    watch.probed(kStart + 4s);
    watch.received(kStart + 4001ms);
    EXPECT_EQ(watch.next(kStart + 4001ms).until, kStart + 8s);
}

TEST(PeerWatch, AsksAtOnceWhenTheNetworkHasChanged) {
    PeerWatch watch(10s, false, kStart);
    watch.suspect();
    EXPECT_EQ(watch.next(kStart + 1ms).verdict, Verdict::probe);
    watch.probed(kStart + 1ms);
    EXPECT_EQ(watch.next(kStart + 2ms).verdict, Verdict::wait);
}

}  // namespace
}  // namespace lamd::tunnel
