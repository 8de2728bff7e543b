// What the two ends of a bulk transfer send and expect: a stream of bytes that never repeats, made and checked piece by
// piece, so that a lost, doubled or moved byte shows.
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace lamd::tests::peer {

inline constexpr std::size_t kChunk = 64 * 1024;

[[noreturn]] inline void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

inline std::string as_bytes(std::uint64_t number) {
    std::string bytes(sizeof number, '\0');
    std::memcpy(bytes.data(), &number, sizeof number);
    return bytes;
}

inline std::uint64_t number_at(const std::string& bytes, std::size_t offset) {
    std::uint64_t number = 0;
    std::memcpy(&number, bytes.data() + offset, sizeof number);
    return number;
}

inline std::string pattern(std::uint64_t seed, std::uint64_t offset, std::size_t size) {
    const std::uint64_t first = offset / 8;
    const std::size_t skip = offset % 8;
    std::string bytes((skip + size + 7) / 8 * 8, '\0');
    for (std::size_t word = 0; word < bytes.size() / 8; ++word) {
        std::uint64_t mixed = (seed + first + word) * 0x9e3779b97f4a7c15U;  // splitmix64
        mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9U;
        mixed ^= mixed >> 27U;
        std::memcpy(bytes.data() + word * 8, &mixed, 8);
    }
    return bytes.substr(skip, size);
}

/// What one side still has to send of its pattern.
class Outbound {
public:
    Outbound(std::uint64_t seed, std::uint64_t total) : seed_(seed), total_(total) {}

    [[nodiscard]] bool is_done() const {
        return made_ == total_ && pending_.empty();
    }

    [[nodiscard]] bool is_made() const {
        return made_ == total_;
    }

    /// Bytes that go before what is not made yet.
    void append(std::string_view bytes) {
        pending_ += bytes;
    }

    void advance(int socket) {
        if (pending_.empty() && made_ < total_) {
            const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(kChunk, total_ - made_));
            pending_ = pattern(seed_, made_, size);
            made_ += size;
        }
        const ssize_t sent = ::send(socket, pending_.data(), pending_.size(), MSG_NOSIGNAL);
        if (sent >= 0) {
            pending_.erase(0, static_cast<std::size_t>(sent));
        } else if (errno != EAGAIN) {
            fail("send");
        }
    }

private:
    std::uint64_t seed_;
    std::uint64_t total_;
    std::uint64_t made_ = 0;
    std::string pending_;
};

/// What one side still expects; throws at the first wrong byte.
class Inbound {
public:
    Inbound(std::uint64_t seed, std::uint64_t total) : seed_(seed), total_(total) {}

    [[nodiscard]] bool is_done() const {
        return right_ == total_;
    }
    [[nodiscard]] std::uint64_t right() const {
        return right_;
    }
    [[nodiscard]] std::size_t wanted() const {
        return static_cast<std::size_t>(std::min<std::uint64_t>(kChunk, total_ - right_));
    }

    void check(std::string_view bytes) {
        if (bytes.size() > total_ - right_ || bytes != pattern(seed_, right_, bytes.size())) {
            throw std::runtime_error("wrong bytes after " + std::to_string(right_));
        }
        right_ += bytes.size();
    }

private:
    std::uint64_t seed_;
    std::uint64_t total_;
    std::uint64_t right_ = 0;
};

}  // namespace lamd::tests::peer
