// Cuts a body of server-sent events (WHATWG HTML, 9.2.6) into what is complete and what is not yet, byte for byte:
// whatever goes in comes out, in order, but never an event in part. Lines end with LF, CRLF or CR, and bytes may arrive
// cut anywhere.
//
// It interprets nothing but line ends and comments; event.h reads what an event says.
#pragma once

#include "base/byte_count.h"
#include "base/result.h"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lamd::transport::sse {

class Splitter {
public:
    /// `limit`: the largest event that is accepted.
    explicit Splitter(ByteCount limit = 4_MiB) : limit_(limit) {}

    /// Takes the next bytes and returns, of all that were taken and not yet returned, those up to the end of the last
    /// complete event or comment. An error (an event above the limit) is final.
    [[nodiscard]] Result<std::string> feed(std::string bytes);

    /// Where in the bytes that feed() returned last each event is, with its empty line at the end. Comments and empty
    /// lines between events are in none.
    struct Range {
        std::size_t begin = 0;
        std::size_t size = 0;
    };
    [[nodiscard]] std::span<const Range> events() const {
        return events_;
    }

    /// The beginning of an event, or of a comment, that is not complete.
    [[nodiscard]] std::string_view held() const {
        return held_;
    }

private:
    [[nodiscard]] std::size_t scan();
    [[nodiscard]] std::size_t find_line_end();
    void take_line(std::size_t end, std::size_t next);
    [[nodiscard]] std::string take_complete(std::size_t size);

    ByteCount limit_;
    std::string held_;
    std::vector<Range> events_;

    // Offsets into held_.
    std::size_t line_ = 0;         // where the line that is being read begins
    std::size_t searched_ = 0;     // how far it has been searched for its end
    std::size_t next_lf_ = 0;      // the first LF at or behind `searched_`, once known
    std::size_t event_begin_ = 0;  // of the event whose empty line has not come yet

    bool is_in_event_ = false;
    bool is_after_cr_ = false;  // an LF that comes next belongs to the line before
    bool is_first_line_ = true;
};

}  // namespace lamd::transport::sse
