// The choice at work: servers that answer in their own time, on a clock that jumps from event to event. What a server
// shows is learnt as the gateway learns it, and what follows from it is counted.
#include "gateway/choice.h"
#include "supervisor/prompt_memory.h"
#include "supervisor/slow_start.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <functional>
#include <map>
#include <numeric>
#include <random>
#include <vector>

namespace lamd::gateway {
namespace {

using namespace std::chrono_literals;
using supervisor::PathState;

Duration scaled(Duration duration, double factor) {
    return std::chrono::duration_cast<Duration>(duration * factor);
}

struct Server {
    std::uint32_t slots = 4;
    Duration first_token = 200ms;
    Duration duration = 4s;
    bool is_failing = false;  ///< at once
    bool is_down = false;

    std::uint64_t in_flight = 0;
    std::uint64_t most_in_flight = 0;
    int asked = 0;
    supervisor::Pace pace = {};
    supervisor::SlowStart slow_start = {};
    supervisor::PromptMemory prompts = {};
};

struct Simulation {
    explicit Simulation(std::vector<Server> all) : servers(std::move(all)) {}

    std::vector<Server> servers;
    Instant now{1000s};
    std::mt19937 random{7};
    std::multimap<Instant, std::function<void()>> events;
    std::deque<std::vector<std::uint64_t>> waiting;
    std::uint64_t turn = 0;
    int failed = 0;  // for their callers
    int answered = 0;
    std::size_t last = 0;  // the server that was taken last

    void after(Duration delay, std::function<void()> event) {
        events.emplace(now + delay, std::move(event));
    }

    void run(Duration duration) {
        const Instant end = now + duration;
        while (!events.empty() && events.begin()->first <= end) {
            now = events.begin()->first;
            const auto event = std::move(events.begin()->second);
            events.erase(events.begin());
            event();
        }
        now = end;
    }

    // Requests at random times, `rate` a second, as long as it is.
    void load(double rate, Duration duration) {
        std::exponential_distribution<double> pause(rate);
        for (double at = pause(random); at < seconds(duration); at += pause(random)) {
            after(scaled(1s, at), [this] { request({}); });
        }
        run(duration);
    }

    Choice choice(const std::vector<std::uint64_t>& prompt) {
        std::vector<Candidate> candidates;
        candidates.reserve(servers.size());
        for (auto& server : servers) {
            candidates.push_back({.state = server.is_down ? PathState::down : PathState::up,
                                  .in_flight = server.in_flight,
                                  .models = &kNone,
                                  .slots = server.slots,
                                  .typical = server.pace.typical(now),
                                  .share = server.pace.share(now) * server.slow_start.share(now),
                                  .known = server.prompts.known(prompt, now)});
        }
        return choose(candidates, "", turn);
    }

    void request(const std::vector<std::uint64_t>& prompt) {
        const auto chosen = choice(prompt);
        if (!chosen.free) {
            waiting.push_back(prompt);
            return;
        }
        ++turn;
        last = *chosen.free;
        ask(last, chosen.order, prompt);
    }

    // As Relay::try_servers(): two more at most, as long as they have a slot free.
    void ask(std::size_t i, std::vector<std::size_t> others, const std::vector<std::uint64_t>& prompt) {
        auto& server = servers[i];
        ++server.asked;
        ++server.in_flight;
        server.most_in_flight = std::max(server.most_in_flight, server.in_flight);
        std::erase(others, i);
        const double luck = std::uniform_real_distribution(0.5, 1.5)(random);
        const bool fails = server.is_failing;
        const auto duration = fails ? 5ms : scaled(server.duration, luck);
        after(duration, [this, i, others, prompt, duration, fails] { end(i, others, prompt, duration, fails); });
    }

    void end(std::size_t i, const std::vector<std::size_t>& others, const std::vector<std::uint64_t>& prompt,
             Duration duration, bool fails) {
        auto& server = servers[i];
        --server.in_flight;
        if (!fails) {
            ++answered;
            server.pace.answered(server.first_token, duration, now);
            server.prompts.add(prompt, now);
        } else {
            server.pace.failed(now);
            const auto next = std::ranges::find_if(
                others, [this](std::size_t other) { return servers[other].in_flight < servers[other].slots; });
            if (next != others.end()) {
                ask(*next, others, prompt);
            } else {
                ++failed;
            }
        }
        while (!waiting.empty() && choice(waiting.front()).free) {
            const auto first = waiting.front();
            waiting.pop_front();
            request(first);
        }
    }

    [[nodiscard]] double share_of(std::size_t i) const {
        const int all = std::accumulate(servers.begin(), servers.end(), 0,
                                        [](int sum, const Server& server) { return sum + server.asked; });
        return static_cast<double>(servers[i].asked) / all;
    }

    const std::optional<std::vector<supervisor::Model>> kNone;
};

TEST(ChoiceSimulation, EqualServersGetTheSame) {
    Simulation simulation({{}, {}, {}});
    simulation.load(1.5, 10min);
    for (const std::size_t i : {0U, 1U, 2U}) {
        EXPECT_NEAR(simulation.share_of(i), 1.0 / 3, 0.04) << i;
    }
}

TEST(ChoiceSimulation, LoadSpreadsBySpeed) {
    Simulation simulation({{.duration = 2s}, {.duration = 4s}, {.duration = 8s}});
    simulation.load(3, 20min);  // of 3.5 a second that they can do
    EXPECT_NEAR(simulation.share_of(0), 4.0 / 7, 0.08);
    EXPECT_NEAR(simulation.share_of(1), 2.0 / 7, 0.06);
    EXPECT_NEAR(simulation.share_of(2), 1.0 / 7, 0.06);
}

TEST(ChoiceSimulation, LoadSpreadsBySlotsAndNeverBeyond) {
    Simulation simulation({{.slots = 8}, {.slots = 4}, {.slots = 2}});
    simulation.load(3, 20min);  // of 3.5
    EXPECT_NEAR(simulation.share_of(0), 8.0 / 14, 0.06);
    EXPECT_NEAR(simulation.share_of(1), 4.0 / 14, 0.05);
    EXPECT_NEAR(simulation.share_of(2), 2.0 / 14, 0.05);
    for (const auto& server : simulation.servers) {
        EXPECT_LE(server.most_in_flight, server.slots);
    }
}

TEST(ChoiceSimulation, ASlowServerHelpsOnlyUnderLoad) {
    Simulation simulation({{}, {.first_token = 10s, .duration = 60s}});
    simulation.load(0.05, 2h);
    EXPECT_LT(simulation.share_of(1), 0.05);
    const int before = simulation.servers[1].asked;
    simulation.load(2, 5min);
    EXPECT_GT(simulation.servers[1].asked, before + 10);
}

struct FailingServer : testing::TestWithParam<double> {};

TEST_P(FailingServer, AttractsNoTraffic) {
    Simulation simulation({{}, {}, {.is_failing = true}});
    simulation.load(GetParam(), 10min);
    EXPECT_LT(simulation.share_of(2), 0.05);
    EXPECT_GT(simulation.servers[2].asked, 3) << "it is tried now and then";
}

// Idle, busy, and with more to do than the other two can.
INSTANTIATE_TEST_SUITE_P(ChoiceSimulation, FailingServer, testing::Values(1, 1.8, 3));

TEST(ChoiceSimulation, AFailingServerFailsHardlyAnyCallerEvenUnderOverload) {
    Simulation simulation({{}, {}, {.is_failing = true}});
    simulation.load(3, 10min);  // of 2 a second that the good ones can do
    EXPECT_LT(simulation.failed, simulation.answered / 20);
}

TEST(ChoiceSimulation, AServerThatWorksAgainComesBack) {
    Simulation simulation({{}, {}, {.is_failing = true}});
    simulation.load(1.5, 10min);
    simulation.servers[2].is_failing = false;
    simulation.load(1.5, 3min);
    for (auto& server : simulation.servers) {
        server.asked = 0;
    }
    simulation.load(1.5, 10min);
    EXPECT_NEAR(simulation.share_of(2), 1.0 / 3, 0.06);
}

TEST(ChoiceSimulation, AServerThatIsBackGetsItsShareGradually) {
    Simulation simulation({{.slots = 64, .duration = 1s}, {.slots = 64, .duration = 1s}});
    auto& back = simulation.servers[1];
    back.is_down = true;
    back.slow_start.observe(false, simulation.now);
    simulation.load(50, 30s);
    ASSERT_EQ(back.asked, 0);
    back.is_down = false;
    back.slow_start.observe(true, simulation.now);
    std::vector<int> asked;
    for (int i = 0; i < 4; ++i) {
        const int before = back.asked;
        simulation.load(50, 4s);
        asked.push_back(back.asked - before);
    }
    EXPECT_LT(asked[0], 50) << "of 200";
    EXPECT_GT(asked[1], asked[0]);
    EXPECT_NEAR(asked[3], 100, 30);
}

// Ten turns, each with two messages more, beside other load.
int moves(Simulation& simulation, double rate) {
    std::vector<std::uint64_t> prompt;
    std::vector<std::size_t> places;
    for (std::uint64_t i = 0; i < 10; ++i) {
        prompt.push_back(1000 + 2 * i);
        simulation.request(prompt);
        places.push_back(simulation.last);
        simulation.load(rate, 15s);
        prompt.push_back(1001 + 2 * i);
    }
    int moved = 0;
    for (std::size_t i = 1; i < places.size(); ++i) {
        moved += places[i] == places[i - 1] ? 0 : 1;
    }
    return moved;
}

TEST(ChoiceSimulation, AConversationStaysOnItsServer) {
    Simulation simulation({{}, {}, {}});
    simulation.load(0.5, 60s);
    EXPECT_EQ(moves(simulation, 0.5), 0);
}

TEST(ChoiceSimulation, AConversationLeavesAnOverloadedServer) {
    Simulation simulation({{}, {}, {}});
    const std::vector<std::uint64_t> prompt{1, 2, 3};
    simulation.request(prompt);
    simulation.run(30s);
    const auto home = simulation.last;
    simulation.request(prompt);
    EXPECT_EQ(simulation.last, home);
    simulation.servers[home].in_flight = 3;
    simulation.request(prompt);
    EXPECT_NE(simulation.last, home);
}

TEST(ChoiceSimulation, WhatAllConversationsBeginWithDoesNotGatherThemOnOneServer) {
    Simulation simulation({{}, {}, {}});
    for (std::uint64_t i = 0; i < 600; ++i) {
        simulation.after(scaled(1s, static_cast<double>(i) / 2), [&simulation, i] { simulation.request({1, 2 + i}); });
    }
    simulation.run(5min);
    for (const std::size_t i : {0U, 1U, 2U}) {
        EXPECT_NEAR(simulation.share_of(i), 1.0 / 3, 0.12) << i;
    }
}

}  // namespace
}  // namespace lamd::gateway
