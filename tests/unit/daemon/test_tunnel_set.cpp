#include "daemon/tunnel_set.h"

#include <gmock/gmock.h>
#include <boost/asio/io_context.hpp>

#include <map>

namespace lamd::daemon {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// Notes what is done to it; its stop() waits until it is let go.
class FakeTunnel final : public tunnel::Tunnel {
public:
    FakeTunnel(config::Tunnel config, std::vector<std::string>& log, Event& may_stop)
        : config_(std::move(config)), log_(log), may_stop_(may_stop) {}
    ~FakeTunnel() override {
        note("destroy");
    }

    void start() override {
        note("start");
    }
    asio::awaitable<void> stop() override {
        note("stop");
        co_await may_stop_.wait();
        note("stopped");
    }
    void reconnect() override {
        note("reconnect");
    }
    void network_changed() override {
        note("network");
    }
    const config::Tunnel& config() const override {
        return config_;
    }
    tunnel::TunnelState state() const override {
        return tunnel::TunnelState::idle;
    }
    tunnel::TunnelReport report() const override {
        return {};
    }

private:
    void note(const std::string& what) {
        log_.push_back(what + " " + config_.name + ":" + config_.host);
    }

    config::Tunnel config_;
    std::vector<std::string>& log_;
    Event& may_stop_;
};

config::Tunnel tunnel_to(std::string name, std::string host) {
    config::Tunnel config;
    config.name = std::move(name);
    config.host = std::move(host);
    return config;
}

asio::awaitable<void> apply_and_note(TunnelSet& set, std::vector<config::Tunnel> wanted,
                                     std::vector<std::string>& done) {
    done = co_await set.apply(wanted);
    done.emplace_back("applied");
}

class TunnelSetTest : public testing::Test {
protected:
    TunnelSetTest() {
        may_stop_.set();
    }
    ~TunnelSetTest() override {
        may_stop_.set();
        io_.restart();
        io_.run();
    }

    void apply(std::vector<config::Tunnel> wanted) {
        log_.clear();
        done_.clear();
        tasks_.spawn(apply_and_note(set_, std::move(wanted), done_));
        io_.restart();
        io_.poll();
    }

    asio::io_context io_;
    std::vector<std::string> log_;
    std::vector<std::string> done_;
    Event may_stop_{io_.get_executor()};
    TunnelSet set_{io_.get_executor(), [this](config::Tunnel config) {
                       return std::make_unique<FakeTunnel>(std::move(config), log_, may_stop_);
                   }};
    TaskGroup tasks_{io_.get_executor()};
};

TEST_F(TunnelSetTest, LeavesAloneWhatDidNotChange) {
    apply({tunnel_to("a", "1"), tunnel_to("b", "1")});
    EXPECT_THAT(log_, ElementsAre("start a:1", "start b:1"));
    EXPECT_THAT(done_, ElementsAre("tunnel a added", "tunnel b added", "applied"));
    apply({tunnel_to("b", "1"), tunnel_to("a", "1")});
    EXPECT_THAT(log_, IsEmpty());
    EXPECT_THAT(done_, ElementsAre("applied"));
    EXPECT_EQ(set_.report().at(0).name, "b");
}

TEST_F(TunnelSetTest, StartsAChangedTunnelWhenTheOldOneHasEnded) {
    apply({tunnel_to("a", "1"), tunnel_to("b", "1"), tunnel_to("c", "1")});
    may_stop_.clear();
    apply({tunnel_to("a", "1"), tunnel_to("b", "2"), tunnel_to("d", "1")});
    EXPECT_THAT(log_, ElementsAre("stop b:1", "stop c:1"));
    EXPECT_EQ(set_.report().size(), 3U);
    may_stop_.set();
    io_.restart();
    io_.poll();
    EXPECT_THAT(done_, ElementsAre("tunnel b changed", "tunnel d added", "tunnel c removed", "applied"));
    EXPECT_THAT(log_, ElementsAre("stop b:1", "stop c:1", "stopped b:1", "stopped c:1", "start b:2", "start d:1",
                                  "destroy b:1", "destroy c:1"));
}

TEST_F(TunnelSetTest, PassesOnWhatTheOperatorAndTheNetworkSay) {
    apply({tunnel_to("a", "1"), tunnel_to("b", "1")});
    log_.clear();
    EXPECT_TRUE(set_.reconnect("b"));
    EXPECT_FALSE(set_.reconnect("c"));
    set_.network_changed();
    EXPECT_THAT(log_, ElementsAre("reconnect b:1", "network a:1", "network b:1"));
}

}  // namespace
}  // namespace lamd::daemon
