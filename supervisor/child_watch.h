// Watches over a server that lamd runs, while it runs: whether it answers, whether it gets on with the worker's streams
// (as decision 0024 has it), how much memory it holds. What follows from that is decided in ChildMachine.
//
// Owner: Child, one per process.
#pragma once

#include "base/async.h"
#include "base/clock.h"
#include "base/secret.h"
#include "supervisor/child_machine.h"
#include "supervisor/progress_machine.h"
#include "transport/http/client.h"

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>

namespace lamd::supervisor {

/// What a worker has under way at its server.
struct Activity {
    std::uint64_t streams = 0;  ///< that the server has begun, and that wait for tokens
    Instant last_progress{};    ///< of any of them, ever
};

class ChildWatch {
public:
    struct Environment {
        const Clock& clock;
        transport::http::Client& client;
        std::string server;  ///< its base URL
        Secret key;
        std::function<Activity()> activity;
        std::function<void()> on_look;  ///< the machine has been told
    };

    /// `wedged_after`: as ProgressMachine's limit.
    ChildWatch(const Environment& environment, ChildMachine& machine, pid_t pid, Duration wedged_after)
        : environment_(environment), machine_(machine), pid_(pid), progress_(wedged_after) {}

    /// Until it is cancelled.
    [[nodiscard]] asio::awaitable<void> run();

    void set_limit(Duration wedged_after) {
        progress_.set_limit(wedged_after);
    }

    [[nodiscard]] std::optional<ByteCount> memory() const {
        return memory_;
    }

private:
    [[nodiscard]] asio::awaitable<void> probe();
    [[nodiscard]] asio::awaitable<void> look();
    [[nodiscard]] asio::awaitable<transport::http::Outcome<transport::http::Response>> ask(std::string path);
    void weigh();
    void take_activity();
    void take_answer(const transport::http::Response& response);
    [[nodiscard]] bool is_impersonated();

    const Environment& environment_;
    ChildMachine& machine_;
    pid_t pid_;
    ProgressMachine progress_;
    std::uint64_t streams_ = 0;
    Instant last_progress_{};
    std::optional<ByteCount> memory_;
};

}  // namespace lamd::supervisor
