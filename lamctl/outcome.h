// How a command of lamctl ends: its exit code, and for every bad end the sentence that is printed and what to do next.
// The codes are a contract with scripts (see lamctl(1)).
#pragma once

#include <boost/system/result.hpp>

#include <stdexcept>
#include <string>
#include <utility>

namespace lamd::lamctl {

enum class ExitCode : int {
    done = 0,  ///< healthy, or did what was asked
    error = 1,
    usage = 2,
    down = 3,
    no_such_object = 4,
    degraded = 5,
    not_permitted = 6,
    timed_out = 7,
    not_running = 8,
    interrupted = 130,  ///< Ctrl-C, as shells count it: 128 + SIGINT
};

/// Why a command cannot go on. An empty message ends it without a word (a reader of our output that left).
struct Failure {
    Failure() = default;  // result::error() wants it.
    // No aggregate: as one it could be made of an ExitCode, and Outcome<ExitCode> would be ambiguous.
    Failure(ExitCode exit_code, std::string what, std::string next_step = "", bool may_pass = false)
        : code(exit_code), message(std::move(what)), remedy(std::move(next_step)), is_passing(may_pass) {}

    ExitCode code = ExitCode::error;
    std::string message;
    std::string remedy;       ///< the next step; empty where there is none
    bool is_passing = false;  ///< lamd starts, stops or restarts: the same may work a moment later

    friend bool operator==(const Failure&, const Failure&) = default;
};

template <class T>
using Outcome = boost::system::result<T, Failure>;

[[noreturn]] inline void throw_exception_from_error(const Failure& failure, const boost::source_location&) {
    throw std::logic_error("unchecked failure: " + failure.message);
}

}  // namespace lamd::lamctl
