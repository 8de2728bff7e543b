// What a worker tells a gateway of one stream, whichever transport carries it. docs/protocol.md has the meaning;
// sse_form.h and frame_form.h have the two forms.
#pragma once

#include "base/clock.h"
#include "transport/stream/checksum.h"

#include <cstdint>
#include <string>
#include <variant>

namespace lamd::transport::stream {

/// The server has begun to answer.
struct Head {
    unsigned status = 200;
    std::string content_type;

    friend bool operator==(const Head&, const Head&) = default;
};

/// One event, exactly as the server sent it; of an answer that is no event stream, its body.
struct Data {
    std::uint64_t seq = 0;
    std::string bytes;

    friend bool operator==(const Data&, const Data&) = default;
};

/// The stream lives, though there is nothing to send.
struct Beat {
    std::uint64_t next = 0;           ///< the seq of the event that comes next
    Duration age = Duration::zero();  ///< since the server last sent something

    friend bool operator==(const Beat&, const Beat&) = default;
};

/// Complete.
struct End {
    Totals totals;

    friend bool operator==(const End&, const End&) = default;
};

/// Failed, or not known; final.
struct Fail {
    unsigned status = 502;
    std::string error;         ///< an OpenAI error object as JSON
    std::string retry_after;   ///< the server's field; empty without
    bool may_have_run = true;  ///< false: the server provably never had the request

    friend bool operator==(const Fail&, const Fail&) = default;
};

/// Cancelled, and the server's slot is free.
struct Gone {
    friend bool operator==(const Gone&, const Gone&) = default;
};

using Message = std::variant<Head, Data, Beat, End, Fail, Gone>;

}  // namespace lamd::transport::stream
