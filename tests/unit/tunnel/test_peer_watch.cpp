#include "tunnel/peer_watch.h"

#include <gtest/gtest.h>

namespace lamd::tunnel {
namespace {

using namespace std::chrono_literals;

constexpr Instant kBegin(1000h);

TEST(PeerWatch, LeavesAPeerAloneThatSendsByItself) {
    PeerWatch watch(10s, false, kBegin);
    auto now = kBegin;
    for (int i = 0; i < 100; ++i) {
        now += 3s;
        watch.received(now);
        EXPECT_EQ(watch.next(now).verdict, PeerWatch::Verdict::wait);
        EXPECT_EQ(watch.next(now).until, now + 4s);
    }
}

TEST(PeerWatch, ProbesAfterSilence) {
    const PeerWatch watch(10s, false, kBegin);
    EXPECT_EQ(watch.next(kBegin + 3999ms).verdict, PeerWatch::Verdict::wait);
    EXPECT_EQ(watch.next(kBegin + 4s).verdict, PeerWatch::Verdict::probe);
}

TEST(PeerWatch, GivesUpBeforeItsLimit) {
    PeerWatch watch(10s, false, kBegin);
    watch.probed(kBegin + 4s);
    EXPECT_EQ(watch.next(kBegin + 4s).verdict, PeerWatch::Verdict::wait);
    EXPECT_EQ(watch.next(kBegin + 9s).verdict, PeerWatch::Verdict::probe) << "one more, which does not put the end off";
    watch.probed(kBegin + 9s);
    EXPECT_EQ(watch.next(kBegin + 9499ms).verdict, PeerWatch::Verdict::wait);
    EXPECT_EQ(watch.next(kBegin + 9499ms).until, kBegin + 9500ms);
    EXPECT_EQ(watch.next(kBegin + 9500ms).verdict, PeerWatch::Verdict::dead);
}

TEST(PeerWatch, TakesAnythingThatArrivesForLife) {
    PeerWatch watch(10s, false, kBegin);
    watch.probed(kBegin + 4s);
    watch.received(kBegin + 9s);
    EXPECT_EQ(watch.next(kBegin + 12s).verdict, PeerWatch::Verdict::wait);
    EXPECT_EQ(watch.next(kBegin + 13s).verdict, PeerWatch::Verdict::probe);
}

TEST(PeerWatch, NeverGivesUpAPeerThatItHasNotAsked) {
    PeerWatch watch(10s, false, kBegin);
    const auto after_being_stopped = kBegin + 1h;
    EXPECT_EQ(watch.next(after_being_stopped).verdict, PeerWatch::Verdict::probe);
    watch.probed(after_being_stopped);
    EXPECT_EQ(watch.next(after_being_stopped + 5s).verdict, PeerWatch::Verdict::probe);
    EXPECT_EQ(watch.next(after_being_stopped + 5500ms).verdict, PeerWatch::Verdict::dead);
}

TEST(PeerWatch, BeatsWhateverArrives) {
    PeerWatch watch(10s, true, kBegin);
    watch.received(kBegin + 3900ms);
    EXPECT_EQ(watch.next(kBegin + 3900ms).until, kBegin + 4s);
    EXPECT_EQ(watch.next(kBegin + 4s).verdict, PeerWatch::Verdict::probe);
    watch.probed(kBegin + 4s);
    watch.received(kBegin + 4001ms);
    EXPECT_EQ(watch.next(kBegin + 4001ms).until, kBegin + 8s);
}

TEST(PeerWatch, AsksAtOnceWhenTheNetworkHasChanged) {
    PeerWatch watch(10s, false, kBegin);
    watch.suspect();
    EXPECT_EQ(watch.next(kBegin + 1ms).verdict, PeerWatch::Verdict::probe);
    watch.probed(kBegin + 1ms);
    EXPECT_EQ(watch.next(kBegin + 2ms).verdict, PeerWatch::Verdict::wait);
}

}  // namespace
}  // namespace lamd::tunnel
