// The tunnels of other machines that end here, as long as their guards report them. Owner: daemon.
#pragma once

#include "api/status.h"
#include "base/async.h"
#include "base/result.h"

#include <cstddef>
#include <functional>
#include <list>
#include <utility>
#include <vector>

namespace lamd::daemon {

class Presences {
public:
    /// `on_change` is called after a tunnel has come or gone, on the loop.
    Presences(const asio::any_io_executor& executor, std::function<void()> on_change)
        : on_change_(std::move(on_change)), is_closed_(executor) {}

    /// A report while it is held.
    class Stay {
    public:
        Stay(Presences& presences, api::Presence presence);
        Stay(const Stay&) = delete;
        Stay& operator=(const Stay&) = delete;
        ~Stay();

    private:
        Presences& presences_;
        std::list<api::Presence>::iterator place_;
    };

    [[nodiscard]] std::vector<api::Presence> list() const {
        return {here_.begin(), here_.end()};
    }

    /// Of as many as any machine would ever have.
    [[nodiscard]] bool is_full() const {
        return here_.size() >= kMost;
    }

    /// lamd stops: every report ends.
    void close() {
        is_closed_.set();
    }
    [[nodiscard]] asio::awaitable<void> closed() {
        return is_closed_.wait();
    }

private:
    static constexpr std::size_t kMost = 1024;

    std::function<void()> on_change_;
    Event is_closed_;
    std::list<api::Presence> here_;
};

/// A report as its guard sends it. Whatever it says is bounded, for it is shown and compared.
[[nodiscard]] Result<api::Presence> read_presence(std::string_view json);

}  // namespace lamd::daemon
