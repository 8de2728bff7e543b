// What is wrong with a configuration, and where: a sentence for a person that says what to do about it. Loading goes on
// after a problem, so that all of them are told at once.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lamd::config {

struct Problem {
    int line = 0;    ///< from 1; 0: not at a place in the file (an environment variable, a file that cannot be read)
    int column = 0;  ///< from 1, in characters
    std::string message;
    std::string cause = {};   ///< of a file's: its name in docs/doctor.md
    std::string remedy = {};  ///< of a file's: a command that mends it, with FILE names that a shell can read
    std::string meant = {};   ///< the word that should stand at this place

    std::string unused = {};  ///< the key that is not read: it may go, with its value

    friend bool operator==(const Problem&, const Problem&) = default;
};

using Problems = std::vector<Problem>;

/// One line each, ready for a terminal or a log: `/etc/lamd/lamd.yaml:12:5: tunnels.b.prot: unknown key; did you mean
/// port?`, the first hundred of them. A problem without a place is its message alone.
[[nodiscard]] std::string format(const Problems& problems, std::string_view file);

}  // namespace lamd::config
