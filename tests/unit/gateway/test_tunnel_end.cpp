#include "gateway/tunnel_end.h"

#include <gmock/gmock.h>

#include <utility>

namespace lamd::gateway {
namespace {

using namespace std::chrono_literals;
using testing::Optional;

api::Presence here(std::string name, std::vector<std::string> ports, Duration age = 0s) {
    api::Presence presence;
    presence.name = std::move(name);
    presence.ports = std::move(ports);
    presence.since = WallTime(1h) - std::chrono::duration_cast<WallTime::duration>(age);
    return presence;
}

TEST(TunnelEnd, OfAWayThatNamesATunnelIsItsFirstPort) {
    const std::vector<api::Presence> presences{here("attic", {"127.0.0.1:1"}),
                                               here("home", {"127.0.0.1:40001", "127.0.0.1:40002"})};
    EXPECT_THAT(find_end("tunnel:home", presences), Optional(TunnelEnd{"home", "http://127.0.0.1:40001"}));
    EXPECT_EQ(find_end("tunnel:hom", presences), std::nullopt);
    EXPECT_EQ(find_end("tunnel:", presences), std::nullopt);
    EXPECT_EQ(find_end("tunnel:home", {}), std::nullopt);
}

TEST(TunnelEnd, IsThatOfTheNewestOfAName) {
    const auto older = here("home", {"127.0.0.1:1"}, 5s);
    const auto newer = here("home", {"127.0.0.1:2"});
    EXPECT_EQ(find_end("tunnel:home", {older, newer})->base, "http://127.0.0.1:2");
    EXPECT_EQ(find_end("tunnel:home", {newer, older})->base, "http://127.0.0.1:2");
}

TEST(TunnelEnd, IsKnownByItsPortOfTheLoopbackInterface) {
    const std::vector<api::Presence> presences{here("home", {"127.0.0.1:1", "127.0.0.1:8080"})};
    for (const auto* url : {"http://127.0.0.1:8080", "http://localhost:8080", "https://[::1]:8080/base"}) {
        EXPECT_THAT(find_end(url, presences), Optional(TunnelEnd{"home", url})) << url;
    }
    for (const auto* url : {"http://127.0.0.1:80", "http://127.0.0.1", "http://example.org:8080", "unix:/run/x:8080",
                            "http://localhost.example.org:8080", "http://127.0.0.1:80801"}) {
        EXPECT_EQ(find_end(url, presences), std::nullopt) << url;
    }
}

// Known at once, without a request that has to fail first: the tunnel is at fault, and not the server behind it.
TEST(TunnelEnd, OfATunnelThatIsNotThereIsAClosedWayWithItsCause) {
    for (const auto& [seen, message] :
         {std::pair(left("home"), "tunnel home left"), std::pair(absent("tunnel:home"), "tunnel home is not here")}) {
        EXPECT_EQ(seen.sign, supervisor::Sign::closed);
        EXPECT_EQ(seen.fate, supervisor::Fate::tunnel_down);
        EXPECT_EQ(seen.message, message);
        EXPECT_THAT(seen.remedy, testing::HasSubstr("GPU machine"));
    }
}

}  // namespace
}  // namespace lamd::gateway
