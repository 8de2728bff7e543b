// What a server that is taken out of use means for the verdict.
#include "daemon/report.h"

#include <gmock/gmock.h>

namespace lamd::daemon {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const api::Reason kNote{"server a is draining", "`lamctl resume a`"};

struct Site {
    api::Status status;

    Site& server(std::string name, std::vector<std::string> models, bool is_draining, std::string path = "up") {
        api::ServerStatus server{.name = name, .state = is_draining ? "draining" : path};
        server.models = std::move(models);
        if (is_draining) {
            server.draining_since = WallTime();
        }
        status.servers.push_back(server);
        api::PathStatus way;
        way.server = std::move(name);
        way.transport = "sse";
        way.state = std::move(path);
        status.paths.push_back(way);
        return *this;
    }
};

TEST(Draining, IsANoteWhileAnotherServerHasTheModel) {
    const auto verdict = judge(Site().server("a", {"m"}, true).server("b", {"m", "n"}, false).status);
    EXPECT_EQ(verdict.state, "healthy");
    EXPECT_THAT(verdict.reasons, IsEmpty());
    EXPECT_THAT(verdict.notes, ElementsAre(kNote));
}

TEST(Draining, OfTheOnlyServerWithAModelIsDegraded) {
    const auto verdict = judge(Site().server("a", {"m", "n"}, true).server("b", {"n"}, false).status);
    EXPECT_EQ(verdict.state, "degraded");
    EXPECT_THAT(verdict.reasons, ElementsAre(api::Reason{"model m is not served: server a is draining",
                                                         "`lamctl resume a`", "draining"}));
    EXPECT_THAT(verdict.notes, ElementsAre(kNote));
}

TEST(Draining, AServerWithoutAListMayHaveAnyModel) {
    EXPECT_EQ(judge(Site().server("a", {"m"}, true).server("b", {}, false).status).state, "healthy");
}

TEST(Draining, OfEveryServerIsDown) {
    for (const auto& models : {std::vector<std::string>{}, std::vector<std::string>{"m"}}) {
        const auto verdict = judge(Site().server("a", models, true).server("b", models, true).status);
        EXPECT_EQ(verdict.state, "down");
        EXPECT_THAT(verdict.reasons, ElementsAre(api::Reason{"no server takes requests: every one is draining",
                                                             "`lamctl resume a`", "draining"}));
    }
}

TEST(Draining, MayBeSwitchedOffWithoutBeingAFault) {
    const auto verdict = judge(Site().server("a", {"m"}, true, "down").server("b", {"m"}, false).status);
    EXPECT_EQ(verdict.state, "healthy");
    EXPECT_EQ(judge(Site().server("a", {"m"}, true).server("b", {"m"}, false, "down").status).state, "down");
}

}  // namespace
}  // namespace lamd::daemon
