// Tells the lamd on this machine that a tunnel is here, for as long as it is: one request that lamd does not end. When
// this process goes, the connection does, and lamd knows at once. A lamd that is away is told when it is back; one that
// wants no reports is asked again once in a while.
//
// Owner: Guard.
#pragma once

#include "api/status.h"
#include "base/async.h"

#include <boost/asio/local/stream_protocol.hpp>

#include <functional>
#include <string>
#include <vector>

namespace lamd::lamctl::guard {

class Reporter {
public:
    /// `note` hears when lamd does not take the report, once each time that its reason changes.
    Reporter(const asio::any_io_executor& executor, std::string socket, api::Presence presence,
             std::function<void(const std::string&)> note);

    /// From now on these ports are bound; none: there is nothing to report.
    void report(std::vector<std::string> ports);

    [[nodiscard]] asio::awaitable<void> run();

private:
    using Stream = asio::local::stream_protocol;

    enum class Course {
        held,     ///< lamd holds the request
        away,     ///< nobody answers
        refused,  ///< it does not want it
    };
    [[nodiscard]] asio::awaitable<Course> tell();
    [[nodiscard]] asio::awaitable<void> wait_left();
    void complain(const std::string& why);

    std::string socket_path_;
    api::Presence presence_;
    std::function<void(const std::string&)> note_;
    Event has_changed_;
    Stream::socket connection_;  ///< of the report that is held
    std::string complaint_;
};

/// `200` of `HTTP/1.1 200 OK`; 0: it is no such line.
[[nodiscard]] unsigned status_of(std::string_view head);

}  // namespace lamd::lamctl::guard
