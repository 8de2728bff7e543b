#include "daemon/metrics.h"

#include "daemon/exposition.h"

#include <gmock/gmock.h>

namespace lamd::daemon {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

Figures figures() {
    Figures figures;
    figures.status.version = "1.2.3";
    figures.status.verdict.state = "healthy";
    figures.status.started = WallTime(1'700'000'000s);
    figures.status.tunnels.resize(1);
    auto& tunnel = figures.status.tunnels[0];
    tunnel.name = "ho\"me";
    tunnel.state = "up";
    tunnel.connects = 7;
    tunnel.rtt_s = 0.25;
    tunnel.forwards.resize(1);
    tunnel.forwards[0].remote = "127.0.0.1:8080";
    tunnel.forwards[0].state = "bound";
    tunnel.forwards[0].sent_bytes = 123;
    figures.status.paths.resize(1);
    figures.status.paths[0].server = "gpu";
    figures.status.paths[0].transport = "sse";
    figures.status.paths[0].state = "down";
    figures.status.paths[0].fate = "wedged";
    figures.status.paths[0].held_until = WallTime();
    figures.status.paths[0].falls = 3;
    figures.status.streams.cancelled = 4;
    figures.status.servers = {{.name = "gpu", .slots = 4, .in_flight = 3, .waiting = 2, .draining_since = WallTime()},
                              {.name = "other"}};
    figures.status.failovers = {.path = 5, .server = 6, .model = 7, .continuation = 8, .lost = 9, .twice = 10};
    auto& child = figures.status.worker.emplace().child.emplace();
    child.state = "ready";
    child.starts = 11;
    child.memory_bytes = 12;
    figures.http.requests = 99;
    figures.process.open_descriptors = 12;
    return figures;
}

TEST(Metrics, SayWhatIsKnown) {
    const auto text = to_prometheus(figures());
    for (const auto* line : {
             "lamd_build_info{version=\"1.2.3\"} 1\n",
             "lamd_tunnel_state{tunnel=\"ho\\\"me\",state=\"up\"} 1\n",
             "lamd_tunnel_state{tunnel=\"ho\\\"me\",state=\"denied\"} 0\n",
             "lamd_tunnel_connects_total{tunnel=\"ho\\\"me\"} 7\n",
             "lamd_tunnel_rtt_seconds{tunnel=\"ho\\\"me\"} 0.25\n",
             "lamd_forward_bound{tunnel=\"ho\\\"me\",remote=\"127.0.0.1:8080\"} 1\n",
             "lamd_forward_sent_bytes_total{tunnel=\"ho\\\"me\",remote=\"127.0.0.1:8080\"} 123\n",
             "lamd_path_up{server=\"gpu\",transport=\"sse\"} 0\n",
             "lamd_path_state{server=\"gpu\",transport=\"sse\",state=\"down\"} 1\n",
             "lamd_path_state{server=\"gpu\",transport=\"sse\",state=\"up\"} 0\n",
             "lamd_path_fate{server=\"gpu\",transport=\"sse\",fate=\"wedged\"} 1\n",
             "lamd_path_fate{server=\"gpu\",transport=\"sse\",fate=\"none\"} 0\n",
             "lamd_path_held{server=\"gpu\",transport=\"sse\"} 1\n",
             "lamd_path_falls_total{server=\"gpu\",transport=\"sse\"} 3\n",
             "lamd_streams_total{outcome=\"cancelled\"} 4\n",
             "lamd_server_in_flight{server=\"gpu\"} 3\n",
             "lamd_server_waiting{server=\"gpu\"} 2\n",
             "lamd_server_draining{server=\"gpu\"} 1\n",
             "lamd_server_draining{server=\"other\"} 0\n",
             "lamd_server_slots{server=\"gpu\"} 4\n",
             "lamd_child_state{state=\"ready\"} 1\n",
             "lamd_child_state{state=\"held\"} 0\n",
             "lamd_child_starts_total 11\n",
             "lamd_child_memory_bytes 12\n",
             "lamd_failovers_total{rung=\"path\"} 5\n",
             "lamd_failovers_total{rung=\"server\"} 6\n",
             "lamd_failovers_total{rung=\"model\"} 7\n",
             "lamd_failovers_total{rung=\"continuation\"} 8\n",
             "lamd_failover_lost_total 9\n",
             "lamd_failover_twice_total 10\n",
             "lamd_http_requests_total 99\n",
             "process_open_fds 12\n",
             "process_start_time_seconds 1700000000\n",
         }) {
        EXPECT_THAT(text, HasSubstr(line));
    }
    EXPECT_THAT(text, Not(HasSubstr("lamd_gateway_")));
}

TEST(Metrics, DeclareEachFamilyOnceAndBeforeItsSamples) {
    auto all = figures();
    all.gateway.emplace();
    const auto text = to_prometheus(all);
    std::vector<std::string> declared;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        ASSERT_FALSE(line.empty());
        if (line.starts_with("# TYPE ")) {
            const auto name = line.substr(7, line.find(' ', 7) - 7);
            EXPECT_EQ(std::ranges::count(declared, name), 0) << name;
            declared.push_back(name);
        } else if (!line.starts_with('#')) {
            ASSERT_FALSE(declared.empty());
            EXPECT_TRUE(line.starts_with(declared.back())) << line;
        }
    }
    EXPECT_GT(declared.size(), 25U);
}

TEST(Exposition, AddsUpTheBucketsOfAHistogram) {
    gateway::Histogram histogram;
    histogram.add(1ms);
    histogram.add(2ms);
    histogram.add(1h);
    Exposition out;
    out.family("x", Exposition::Type::histogram, "Help.");
    out.histogram(histogram);
    const auto text = out.take();
    EXPECT_THAT(text, HasSubstr("# TYPE x histogram\n"));
    EXPECT_THAT(text, HasSubstr("x_bucket{le=\"0.001\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("x_bucket{le=\"0.0025\"} 2\n"));
    EXPECT_THAT(text, HasSubstr("x_bucket{le=\"81.92\"} 2\n"));
    EXPECT_THAT(text, HasSubstr("x_bucket{le=\"+Inf\"} 3\n"));
    EXPECT_THAT(text, HasSubstr("x_sum 3600.003\n"));
    EXPECT_THAT(text, HasSubstr("x_count 3\n"));
}

TEST(Exposition, EscapesLabels) {
    Exposition out;
    out.family("x", Exposition::Type::gauge, "Help.");
    out.sample({{"a", "back\\slash \"quote\" line\nbreak"}}, std::uint64_t{1});
    EXPECT_THAT(out.take(), HasSubstr("x{a=\"back\\\\slash \\\"quote\\\" line\\nbreak\"} 1\n"));
}

TEST(ProcessFacts, AreThoseOfThisProcess) {
    const auto facts = read_process_facts();
    EXPECT_GT(facts.resident_bytes, 1U << 20);
    EXPECT_GT(facts.virtual_bytes, facts.resident_bytes);
    EXPECT_GE(facts.open_descriptors, 3U);
    EXPECT_GE(facts.max_descriptors, facts.open_descriptors);
    EXPECT_GE(facts.cpu_s, 0.0);
}

}  // namespace
}  // namespace lamd::daemon
