// Watches over the progress of one server's streams, and looks into the server when none comes. What that means is
// decided in ProgressMachine.
//
// Owner: Server. Streams that run refer to it.
#pragma once

#include "base/async.h"
#include "base/clock.h"
#include "supervisor/progress_machine.h"

#include <functional>

namespace lamd::supervisor {

class Progress {
public:
    struct Environment {
        asio::any_io_executor executor;
        const Clock& clock;
        Duration limit;                               ///< as in ProgressMachine
        std::function<asio::awaitable<Look>()> look;  ///< asks the server, within a deadline
        std::function<void()> on_change;              ///< of the verdict
    };

    explicit Progress(Environment environment)
        : environment_(std::move(environment)), machine_(environment_.limit), wake_(environment_.executor) {}
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    /// Looks when it is time, until it is cancelled.
    [[nodiscard]] asio::awaitable<void> run();

    /// For as long as the server has begun a stream and has not ended it.
    class Stream {
    public:
        explicit Stream(Progress& progress);
        Stream(const Stream&) = delete;
        Stream& operator=(const Stream&) = delete;
        ~Stream();

    private:
        Progress& progress_;
    };

    /// For as long as tokens that have come are passed on.
    class Delivery {
    public:
        explicit Delivery(Progress& progress);
        Delivery(const Delivery&) = delete;
        Delivery& operator=(const Delivery&) = delete;
        ~Delivery();

    private:
        Progress& progress_;
    };

    [[nodiscard]] const ProgressMachine& machine() const {
        return machine_;
    }

private:
    template <class Change>
    void apply(Change change);

    Environment environment_;
    ProgressMachine machine_;
    Event wake_;
    bool is_idle_ = false;  // waits for there to be something to wait for
};

}  // namespace lamd::supervisor
