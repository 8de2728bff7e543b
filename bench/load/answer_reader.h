// Reads the HTTP/1.1 answers of one connection, one at a time: enough of HTTP for the benchmark's own server, and for
// what lamd makes of its answers. Framing by Content-Length, chunks or the end of the connection (RFC 9112, 6.3).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lamd::bench::load {

class AnswerReader {
public:
    enum class Progress { incomplete, complete, malformed };

    /// Appends what `bytes` hold of the body to `body`.
    [[nodiscard]] Progress feed(std::string_view bytes, std::string& body);

    /// Of the answer that is being read, once its head is complete; 0 before.
    [[nodiscard]] int status() const {
        return status_;
    }

    /// Before the next answer on the same or another connection.
    void reset() {
        *this = AnswerReader();
    }

private:
    enum class State { head, sized, chunk_size, chunk, trailer, until_close, complete, malformed };

    bool read_head();
    bool read_sized(std::string& body, State after);
    bool read_chunk_size();
    bool read_trailer();
    bool step(std::string& body);

    State state_ = State::head;
    std::string pending_;
    std::size_t remaining_ = 0;
    int status_ = 0;
};

}  // namespace lamd::bench::load
