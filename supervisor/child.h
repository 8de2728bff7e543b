// A server that lamd runs itself (docs/server-process.md): does what ChildMachine says, passes its output on to lamd's
// log, and says how it is.
//
// Owner: daemon, which stops it after the worker.
#pragma once

#include "api/status.h"
#include "base/async.h"
#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "supervisor/child_machine.h"
#include "supervisor/child_watch.h"
#include "supervisor/output_lines.h"
#include "supervisor/process.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace lamd::supervisor {

class Child {
public:
    struct Environment {
        asio::any_io_executor executor;
        const Clock& clock;
        log::Logger& log;
        std::function<double()> uniform;     ///< a random number in [0, 1)
        std::function<Activity()> activity;  ///< of the worker
        std::function<void()> on_change;     ///< of the state
        std::vector<std::string> variables;  ///< lamd's own environment, `NAME=value`
    };

    /// `server`: the base URL where it will listen; `key`: what it wants to be shown.
    Child(Environment environment, config::Child config, std::string server, Secret key);
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    void start();

    /// Ends it, within its grace.
    [[nodiscard]] asio::awaitable<void> stop();

    /// Another configuration: the process is replaced if it would be another one. Returns whether it is.
    bool apply(config::Child config, std::string server, Secret key);

    /// Now, whatever it does.
    void restart(std::string_view why);

    [[nodiscard]] api::ChildStatus report() const;

private:
    [[nodiscard]] asio::awaitable<void> run();
    [[nodiscard]] asio::awaitable<void> act(const ChildMachine::Action& action);
    [[nodiscard]] asio::awaitable<void> bury();
    [[nodiscard]] asio::awaitable<void> wait_for_end();
    [[nodiscard]] asio::awaitable<void> pass_output();
    void start_process();
    void look();
    void log_lines(const std::vector<std::string>& lines);
    void show();
    [[nodiscard]] std::string remedy() const;

    Environment environment_;
    config::Child config_;
    std::unique_ptr<transport::http::Client> client_;
    ChildWatch::Environment watching_;
    ChildMachine machine_;
    Event wake_;
    std::unique_ptr<Process> process_;  ///< one that has ended stays until it is buried
    std::unique_ptr<ChildWatch> watch_;
    OutputLines output_;
    std::optional<Exit> exit_;  ///< of the process that is to be buried
    std::optional<api::ChildExit> last_exit_;
    ChildState shown_ = ChildState::idle;
    std::string shown_trouble_;
    WallTime since_;
    TaskGroup watchers_;  ///< of the process
    TaskGroup tasks_;
};

}  // namespace lamd::supervisor
