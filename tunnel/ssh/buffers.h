// The two ends of a session's byte stream: what has arrived and libssh2 has not taken yet, and what libssh2 wants sent.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace lamd::tunnel::ssh {

/// Filled only when it is empty, so that it never grows: what libssh2 cannot take yet is not read from the network.
class InputBuffer {
public:
    [[nodiscard]] std::span<char> space() {
        if (bytes_.empty()) {
            bytes_.resize(kSize);
        }
        return bytes_;
    }
    void filled(std::size_t size) {
        begin_ = 0;
        end_ = size;
        total_ += size;
    }
    [[nodiscard]] std::size_t take(char* into, std::size_t size) {
        const auto taken = std::min(size, end_ - begin_);
        std::copy_n(view().data(), taken, into);
        begin_ += taken;
        return taken;
    }
    [[nodiscard]] std::size_t size() const {
        return end_ - begin_;
    }
    [[nodiscard]] std::string_view view() const {
        return {bytes_.data() + begin_, end_ - begin_};
    }

    /// No more will come.
    void close() {
        is_closed_ = true;
    }
    [[nodiscard]] bool is_closed() const {
        return is_closed_;
    }

    /// Bytes since the beginning.
    [[nodiscard]] std::uint64_t total() const {
        return total_;
    }

private:
    static constexpr std::size_t kSize = 128 * 1024;
    std::vector<char> bytes_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::uint64_t total_ = 0;
    bool is_closed_ = false;
};

/// Takes everything; the owner keeps it small by not producing more while is_full().
class OutputBuffer {
public:
    void append(const void* bytes, std::size_t size) {
        const auto* first = static_cast<const char*>(bytes);
        bytes_.insert(bytes_.end(), first, first + size);
    }
    [[nodiscard]] std::string_view view() const {
        return {bytes_.data() + begin_, bytes_.size() - begin_};
    }
    [[nodiscard]] bool is_empty() const {
        return begin_ == bytes_.size();
    }
    [[nodiscard]] bool is_full() const {
        return bytes_.size() - begin_ >= kHighMark;
    }
    void sent(std::size_t size) {
        begin_ += size;
        if (is_empty()) {
            bytes_.clear();
            begin_ = 0;
            if (bytes_.capacity() > kKept) {
                bytes_.shrink_to_fit();
            }
        } else if (begin_ >= kHighMark) {
            bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(begin_));
            begin_ = 0;
        }
    }

private:
    static constexpr std::size_t kHighMark = 512 * 1024;
    static constexpr std::size_t kKept = 256 * 1024;
    std::vector<char> bytes_;
    std::size_t begin_ = 0;
};

}  // namespace lamd::tunnel::ssh
