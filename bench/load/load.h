// One run of the load client: what to ask of whom for how long, what was counted, and the loop that drives the
// connections (connection.h). The result is one line of JSON for the harness (bench/harness/load.py).
#pragma once

#include "bench/load/measured_time.h"
#include "bench/load/poller.h"
#include "bench/load/samples.h"
#include "bench/load/socket.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace lamd::bench::load {

struct Settings {
    Endpoint endpoint;
    int connections = 1;
    Nanoseconds warm_up = 0;  ///< before anything counts
    Nanoseconds duration = kSecond;
    Nanoseconds patience = 30 * kSecond;  ///< how long to wait for what is still under way after `duration`
    int rate = 50;                        ///< events a second and stream; 0: as fast as the connection takes them
    int size = 200;                       ///< bytes of an event
    int tokens = 10;                      ///< events of a chat answer
};

struct Tally {
    std::uint64_t done = 0;    ///< requests answered, or events received
    std::uint64_t errors = 0;  ///< connections refused or lost, answers other than 200
    std::uint64_t wrong = 0;   ///< answered, but not with what was asked for: lost or repeated events, cut answers
    std::uint64_t bytes = 0;
    Nanoseconds connected = 0;  ///< when a connection was first accepted
    Samples latency;            ///< of a request, or from the server's stamp in an event to its arrival
    Samples first;              ///< from a chat request to its first event
    Samples gap;                ///< between two events of an answer
};

class Connection;

class Load {
public:
    explicit Load(Settings settings);
    ~Load();
    Load(const Load&) = delete;
    Load& operator=(const Load&) = delete;

    /// Runs to the end; `on_measuring` is called when the warm-up is over.
    void run(std::vector<std::unique_ptr<Connection>> connections, const std::function<void()>& on_measuring);

    [[nodiscard]] std::string result_as_json();

    [[nodiscard]] const Settings& settings() const {
        return settings_;
    }
    [[nodiscard]] Tally& tally() {
        return tally_;
    }
    [[nodiscard]] Poller& poller() {
        return poller_;
    }
    [[nodiscard]] std::span<char> buffer() {
        return buffer_;
    }

    /// Whether what happens at `time` counts.
    [[nodiscard]] bool is_measured(Nanoseconds time) const {
        return time >= measuring_ && time < end_;
    }
    [[nodiscard]] bool is_over(Nanoseconds time) const {
        return time >= end_;
    }

    /// Calls `action` when `delay` has passed. Actions whose time comes after the run are dropped.
    void after(Nanoseconds delay, std::function<void()> action);

private:
    [[nodiscard]] bool is_finished(Nanoseconds time) const;
    void run_actions();
    [[nodiscard]] int wait_ms() const;

    Settings settings_;
    Tally tally_;
    Poller poller_;
    std::vector<char> buffer_;
    std::multimap<Nanoseconds, std::function<void()>> actions_;
    std::vector<std::unique_ptr<Connection>> connections_;
    Nanoseconds measuring_ = 0;
    Nanoseconds end_ = 0;
    Nanoseconds finished_ = 0;
};

}  // namespace lamd::bench::load
