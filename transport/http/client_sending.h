// Whether a request may be sent a second time.
//
// curl sends a request again, on another connection, when a kept connection ends before the first byte of an answer,
// whatever the method. The server may have received it, though: a tunnel that dies, a server that crashes. So the
// second sending is allowed only if the method is safe, or nothing of the first left this process, or the kernel says
// that the peer acknowledged none of it (it had closed the connection before: RFC 9112, 9.3.1 and 9.5).
#pragma once

#include <curl/curl.h>

#include <cstdint>
#include <optional>

namespace lamd::transport::http {

/// How many of the bytes that were sent the peer has not acknowledged. Unknown as long as it has not closed the
/// connection (it may acknowledge them yet), and for sockets that are not TCP.
[[nodiscard]] std::optional<std::uint64_t> unacknowledged_bytes(curl_socket_t socket);

class Sending {
public:
    /// `easy` is the request's handle; it outlives this.
    Sending(CURL* easy, bool is_safe) : easy_(easy), is_safe_(is_safe) {}

    /// curl is about to send the request (again). Returns whether it may.
    [[nodiscard]] bool begin();

    /// The socket of the last sending is being left without an answer; it is still open.
    void left(curl_socket_t socket);

    [[nodiscard]] bool has_begun() const {
        return count_ > 0;
    }

    /// Whether the peer may have received the request, for all that is known.
    [[nodiscard]] bool may_be_received() const;

private:
    [[nodiscard]] long sent_bytes() const;

    CURL* easy_;
    bool is_safe_;
    int count_ = 0;
    long sent_before_ = 0;  ///< bytes of the earlier sendings
    bool is_known_unreceived_ = false;
};

}  // namespace lamd::transport::http
