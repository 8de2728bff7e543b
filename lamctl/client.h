// One request to lamd over its Unix socket, and the answer as it arrives. Synchronous: lamctl does one thing at a time,
// and every wait ends with Ctrl-C or a deadline.
#pragma once

#include "base/clock.h"
#include "lamctl/descriptor.h"
#include "lamctl/outcome.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lamd::lamctl {

using Fields = std::vector<std::pair<std::string, std::string>>;

struct Request {
    std::string method = "GET";
    std::string target;
    std::string body;  ///< JSON, sent as such when not empty
    Fields fields;
};

/// Names of fields, whatever their case (RFC 9110, 5.1).
[[nodiscard]] bool is_equal_name(std::string_view left, std::string_view right);

struct Head {
    unsigned status = 0;
    Fields fields;

    /// The value of a field, by its name in any case; empty when there is none.
    [[nodiscard]] std::string_view find(std::string_view name) const;
};

class Exchange {
public:
    /// Connects, sends, and returns with the head of the answer. A lamd that is not running, not reachable or not lamd
    /// is a failure that says what to do about it.
    [[nodiscard]] static Outcome<std::unique_ptr<Exchange>> start(const std::string& socket, const Request& request,
                                                                  const Until& until);
    /// The same on a connection that is there; `name` is what failures call it.
    [[nodiscard]] static Outcome<std::unique_ptr<Exchange>> start_on(Descriptor connection, std::string name,
                                                                     const Request& request, const Until& until);
    ~Exchange();

    [[nodiscard]] const Head& head() const;

    /// The next bytes of the body as one read gave them; nullopt at its clean end. A connection that ends before is a
    /// failure with the code `error`.
    [[nodiscard]] Outcome<std::optional<std::string>> read(const Until& until);

    /// The rest of the body, at most 64 MiB.
    [[nodiscard]] Outcome<std::string> read_all(const Until& until);

private:
    class Parser;

    Exchange(Descriptor connection, std::string socket);
    [[nodiscard]] Outcome<void> send(const Request& request, const Until& until);
    [[nodiscard]] Outcome<void> receive(const Until& until);
    [[nodiscard]] Outcome<void> parse();

    Descriptor connection_;
    std::string socket_;
    std::unique_ptr<Parser> parser_;
    std::string unparsed_;
    bool is_ended_ = false;  ///< by the peer
};

/// The failure that an answer other than 2xx stands for: its error object's message under the exit code of its status.
[[nodiscard]] Failure failure_of(const Head& head, const std::string& body);

/// The failure, with this remedy where there is no such object.
[[nodiscard]] Failure where_missing(Failure failure, std::string remedy);

/// Start, read_all, and failure_of when the status is not 2xx. Waits for `patience` at most.
[[nodiscard]] Outcome<std::string> fetch(const std::string& socket, const Request& request,
                                         Duration patience = std::chrono::seconds(30));

/// A name as one segment of a path (RFC 3986, 2.1).
[[nodiscard]] std::string percent_encode(std::string_view name);

}  // namespace lamd::lamctl
