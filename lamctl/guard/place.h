// Where the guards of one tunnel meet: a directory that belongs to their user alone, in it a record of who has the
// tunnel, whose lock they take in turn, and the socket on which its guard can be asked.
//
// The directory becomes the working directory, so that a socket's name is never too long (unix(7): 107 bytes).
#pragma once

#include "lamctl/descriptor.h"
#include "lamctl/guard/session.h"
#include "lamctl/outcome.h"

#include <ctime>
#include <optional>
#include <string>
#include <vector>

namespace lamd::lamctl::guard {

/// Who has the tunnel.
struct Record {
    Session session;
    std::string instance;
    std::string host;
    std::time_t since = 0;

    friend bool operator==(const Record&, const Record&) = default;
};

[[nodiscard]] std::string to_line(const Record& record);
[[nodiscard]] std::optional<Record> read_record(std::string_view line);

class Place {
public:
    /// `name` is fit for a file name. Tried in order: ~/.lamd, /var/tmp/lamd-UID, /tmp/lamd-UID; the first that is, or
    /// can be made, a directory of this user that nobody else may write.
    [[nodiscard]] static Outcome<Place> open(const std::string& name);

    /// False: somebody else has it now.
    [[nodiscard]] bool try_lock();
    void unlock();

    /// Nothing: nobody has it, or what is there cannot be read.
    [[nodiscard]] std::optional<Record> read() const;
    [[nodiscard]] bool write(const Record& record);
    bool clear();

    /// Relative to the working directory.
    [[nodiscard]] const std::string& socket() const {
        return socket_;
    }

private:
    Place(Descriptor file, std::string socket) : file_(std::move(file)), socket_(std::move(socket)) {}

    Descriptor file_;
    std::string socket_;
};

}  // namespace lamd::lamctl::guard
