// What the two ends of a stream compare at its end: how many events there were, how many bytes, and their CRC-32
// (ISO 3309, as zlib and Python's zlib.crc32 compute it) over the bytes of all events in order.
#pragma once

#include <boost/crc.hpp>

#include <cstdint>
#include <string_view>

namespace lamd::transport::stream {

struct Totals {
    std::uint64_t events = 0;
    std::uint64_t bytes = 0;
    std::uint32_t crc32 = 0;

    friend bool operator==(const Totals&, const Totals&) = default;
};

class Tally {
public:
    void add(std::string_view event) {
        ++events_;
        bytes_ += event.size();
        crc_.process_bytes(event.data(), event.size());
    }
    [[nodiscard]] Totals totals() const {
        return {events_, bytes_, crc_.checksum()};
    }

private:
    std::uint64_t events_ = 0;
    std::uint64_t bytes_ = 0;
    boost::crc_32_type crc_;
};

}  // namespace lamd::transport::stream
