#include "bench/load/answer_reader.h"

#include "bench/load/head.h"

#include <algorithm>
#include <charconv>

namespace lamd::bench::load {

bool AnswerReader::read_head() {
    const auto end = pending_.find("\r\n\r\n");
    if (end == std::string::npos) {
        return false;
    }
    const Head head{.text = std::string_view(pending_).substr(0, end + 2)};
    status_ = head.status();
    if (head.field("Transfer-Encoding") == "chunked") {
        state_ = State::chunk_size;
    } else if (const auto length = head.content_length()) {
        remaining_ = *length;
        state_ = State::sized;
    } else {
        state_ = State::until_close;
    }
    pending_.erase(0, end + 4);
    return true;
}

bool AnswerReader::read_sized(std::string& body, State after) {
    const auto count = std::min(remaining_, pending_.size());
    body.append(pending_, 0, count);
    pending_.erase(0, count);
    remaining_ -= count;
    if (remaining_ > 0) {
        return false;
    }
    state_ = after;
    return true;
}

bool AnswerReader::read_chunk_size() {
    // The line that ends the previous chunk's data is empty: skipped here.
    if (pending_.starts_with("\r\n")) {
        pending_.erase(0, 2);
    }
    const auto end = pending_.find("\r\n");
    if (end == std::string::npos) {
        return false;
    }
    const auto result = std::from_chars(pending_.data(), pending_.data() + end, remaining_, 16);
    pending_.erase(0, end + 2);
    if (result.ec != std::errc{}) {
        state_ = State::malformed;
    } else {
        state_ = remaining_ > 0 ? State::chunk : State::trailer;
    }
    return true;
}

bool AnswerReader::read_trailer() {
    const auto end = pending_.find("\r\n");
    if (end == std::string::npos) {
        return false;
    }
    state_ = end == 0 ? State::complete : State::trailer;
    pending_.erase(0, end + 2);
    return true;
}

bool AnswerReader::step(std::string& body) {
    switch (state_) {
        case State::head:
            return read_head();
        case State::sized:
            return read_sized(body, State::complete);
        case State::chunk_size:
            return read_chunk_size();
        case State::chunk:
            return read_sized(body, State::chunk_size);
        case State::trailer:
            return read_trailer();
        case State::until_close:
            body += pending_;
            pending_.clear();
            return false;
        case State::complete:
        case State::malformed:
            return false;
    }
    return false;
}

AnswerReader::Progress AnswerReader::feed(std::string_view bytes, std::string& body) {
    pending_ += bytes;
    while (step(body)) {
    }
    switch (state_) {
        case State::complete:
            return Progress::complete;
        case State::malformed:
            return Progress::malformed;
        default:
            return Progress::incomplete;
    }
}

}  // namespace lamd::bench::load
