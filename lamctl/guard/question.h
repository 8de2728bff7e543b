// One guard asks another one whether its client lives. The one that is asked says so on its socket as soon as its
// client has answered, and otherwise says nothing: whoever asks knows how long to wait.
#pragma once

#include "base/async.h"
#include "base/clock.h"
#include "lamctl/guard/claim.h"
#include "lamctl/guard/machine.h"

#include <boost/asio/local/stream_protocol.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lamd::lamctl::guard {

/// `alive SECONDS PORT…`. What is said of the host is not in it: who asks has it from the record.
[[nodiscard]] std::string alive_line(Duration held, const std::vector<std::string>& ports);
[[nodiscard]] std::optional<Holder> read_alive(std::string_view line);

struct Answer {
    enum class Kind {
        alive,
        silent,  ///< no answer before the deadline
        nobody,  ///< the guard has gone, or goes
    };
    Kind kind = Kind::silent;
    Holder holder;  ///< of alive; without its host
};

[[nodiscard]] asio::awaitable<Answer> ask(std::string socket, Instant deadline);

/// The side that is asked. Owner: Guard, which joins its tasks before it goes.
class Answerer {
public:
    /// `machine` outlives it; `on_question` is called when there is a question for the client.
    Answerer(asio::any_io_executor executor, GuardMachine& machine, Instant since, std::function<void()> on_question);

    /// Takes the place of whoever listened there before.
    [[nodiscard]] bool listen(const std::string& socket);
    [[nodiscard]] asio::awaitable<void> run();

    /// The client has said something.
    void heard() {
        heard_.set();
        heard_.clear();
    }

    void cancel() {
        tasks_.cancel();
    }
    [[nodiscard]] asio::awaitable<void> join() {
        return tasks_.join();
    }

private:
    using Stream = asio::local::stream_protocol;
    [[nodiscard]] asio::awaitable<void> answer(Stream::socket connection);

    GuardMachine& machine_;
    Instant since_;
    std::function<void()> on_question_;
    Stream::acceptor acceptor_;
    Event heard_;
    TaskGroup tasks_;
};

}  // namespace lamd::lamctl::guard
