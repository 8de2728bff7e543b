// The listening Unix socket, made by lamd itself where systemd does not: directory, stale predecessor, mode, owner.
// What is not a socket, or answers, is never removed.
#pragma once

#include "base/result.h"
#include "config/config.h"
#include "daemon/descriptor.h"

#include <sys/types.h>

#include <string>

namespace lamd::daemon {

class Listener {
public:
    /// Takes the path over from a lamd that is dead; an error names the one that lives.
    [[nodiscard]] static Result<Listener> create(const config::Socket& config);

    /// Where gateways reach the worker: a Unix socket for lamd's own user, or a TCP port.
    [[nodiscard]] static Result<Listener> create(const config::Address& address);

    /// The socket that systemd passed: neither its mode nor its path are lamd's.
    [[nodiscard]] static Listener activated(int fd, std::string path);

    Listener(Listener&&) = default;
    Listener& operator=(Listener&&) = delete;
    /// Removes the socket's path if it is still the one that was made here.
    ~Listener();

    /// For the server, which closes it.
    [[nodiscard]] int release_descriptor() {
        return descriptor_.release();
    }
    [[nodiscard]] const std::string& path() const {
        return path_;
    }
    [[nodiscard]] bool is_activated() const {
        return is_activated_;
    }

    void remove_path();

    /// The mode and the group of another configuration; on an error they are as before. Those of systemd's socket are
    /// systemd's.
    [[nodiscard]] Result<void> set_access(const config::Socket& config) const;

private:
    Listener() = default;

    Descriptor descriptor_;
    std::string path_;
    bool is_activated_ = false;
    dev_t device_ = 0;
    ino_t inode_ = 0;
};

}  // namespace lamd::daemon
