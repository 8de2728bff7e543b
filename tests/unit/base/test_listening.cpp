// Who listens where, by the kernel's table.
#include "base/listening.h"

#include <gmock/gmock.h>

#include <fmt/format.h>

#include <unistd.h>

namespace lamd {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::string_view kTable =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000   997        0 4711 1 0 100 0\n"
    "   1: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12 1 0 100 0\n"
    "   2: 0100007F:A1B2 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 99 1 0 100 0\n"
    "   3: 00000000000000000000000001000000:1F91 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 13 1\n"
    "   4: 00000000000000000000000000000000:1F92 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 14 1\n";

TEST(Listening, IsWhatTheTableSaysAndNotWhoIsConnected) {
    EXPECT_THAT(parse_listening(kTable),
                ElementsAre(ListeningSocket{"127.0.0.1", 8080, 997, 4711}, ListeningSocket{"0.0.0.0", 22, 0, 12},
                            ListeningSocket{"::1", 8081, 0, 13}, ListeningSocket{"::", 8082, 0, 14}));
    EXPECT_THAT(parse_listening(""), IsEmpty());
    EXPECT_THAT(parse_listening("nonsense\n\n : :\n0: x:y 0 0A 0 0 0 0 0 0\n"), IsEmpty());
}

TEST(Listening, KnowsWhoGetsThere) {
    const auto at = [](std::string_view address) {
        return parse_listening(fmt::format("0: {}:1F90 0:0 0A 0:0 0:0 0 5 0 9\n", address)).at(0);
    };
    for (const auto* own :
         {"0100007F", "0200007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F"}) {
        EXPECT_TRUE(at(own).is_loopback() && at(own).is_on_loopback()) << own;
    }
    for (const auto* open : {"00000000", "00000000000000000000000000000000"}) {
        EXPECT_TRUE(!at(open).is_loopback() && at(open).is_on_loopback()) << open;
    }
    for (const auto* other : {"0501A8C0", "B80D0120000000000000000001000000", "0000000000000000FFFF00000501A8C0"}) {
        EXPECT_FALSE(at(other).is_loopback() || at(other).is_on_loopback()) << other;
    }
}

TEST(Listening, NamesProcesses) {
    EXPECT_EQ(program_name(getpid()), "test_base");
    EXPECT_EQ(program_name(-1), "");
    EXPECT_EQ(owner_of({.inode = 0}), std::nullopt);
}

}  // namespace
}  // namespace lamd
