// The output of a process as lines for lamd's log: each bounded in length, all together in rate, so that a program that
// chatters can fill neither a disk nor lamd's turns. What is left out is counted and said. No I/O.
#pragma once

#include "base/clock.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lamd::supervisor {

class OutputLines {
public:
    static constexpr std::size_t kLongest = 2048;  ///< bytes of a line; what is longer is cut
    static constexpr std::uint64_t kBurst = 500;   ///< lines at once
    static constexpr std::uint64_t kRate = 50;     ///< lines per second, from then on

    /// The lines that are complete with `bytes`, without their ends and without control characters.
    [[nodiscard]] std::vector<std::string> feed(std::string_view bytes, Instant now);

    /// What is left at the end of the output.
    [[nodiscard]] std::vector<std::string> finish(Instant now);

    /// The last line that was not empty, left out or not.
    [[nodiscard]] const std::string& last() const {
        return last_;
    }

private:
    void add(std::string_view bytes);
    void end_line(std::vector<std::string>& lines, Instant now);
    [[nodiscard]] bool may_pass(Instant now);
    void tell_left_out(std::vector<std::string>& lines);

    std::string line_;
    bool is_cut_ = false;  // the rest of this line does not count
    std::string last_;
    double allowance_ = kBurst;
    Instant refilled_{};
    std::uint64_t left_out_ = 0;
};

}  // namespace lamd::supervisor
