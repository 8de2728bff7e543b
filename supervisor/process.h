// A child process: started without a shell, in a session of its own, its output in a pipe. It dies with the thread that
// started it, however that ends; what it has started itself is killed with its end.
//
// Owner: Child. Destroying it kills the process and all of its session's first process group.
#pragma once

#include "base/async.h"
#include "base/byte_count.h"
#include "base/result.h"
#include "supervisor/child_machine.h"

#include <boost/asio/posix/stream_descriptor.hpp>

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace lamd::supervisor {

struct Command {
    std::vector<std::string> words;        ///< the program's absolute path, then its arguments
    std::vector<std::string> environment;  ///< `NAME=value`, all of it
    std::string directory = "/";
};

/// lamd's own environment without what is meant for lamd alone, then `added`, which wins.
[[nodiscard]] std::vector<std::string> child_environment(const std::vector<std::string>& own,
                                                         const std::vector<std::string>& added);

/// Memory that is the process's alone: what it has mapped from files, a model for instance, does not count. Nothing:
/// it is gone.
[[nodiscard]] std::optional<ByteCount> memory_of(pid_t pid);

class Process {
public:
    [[nodiscard]] static Result<std::unique_ptr<Process>> start(const asio::any_io_executor& executor,
                                                                const Command& command);
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    ~Process();

    [[nodiscard]] pid_t pid() const {
        return pid_;
    }

    /// To all of its process group.
    void send(int signal) const;

    /// Until it has ended; what is left of its process group is killed then.
    [[nodiscard]] asio::awaitable<Exit> wait();

    /// The next bytes of its output; empty at the end.
    [[nodiscard]] asio::awaitable<std::string> read_output();

    /// What can be read at once; empty: nothing more.
    [[nodiscard]] std::string drain_output();

private:
    Process(const asio::any_io_executor& executor, pid_t pid, int handle, int output, int failure);
    [[nodiscard]] Exit reap();

    pid_t pid_;
    bool is_reaped_ = false;
    asio::posix::stream_descriptor handle_;  // pidfd
    asio::posix::stream_descriptor output_;
    asio::posix::stream_descriptor failure_;  // of what comes before exec; closed by it
};

}  // namespace lamd::supervisor
