// A file descriptor that is closed by its owner's end.
#pragma once

#include <unistd.h>

#include <utility>

namespace lamd::daemon {

class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        if (this != &other) {
            reset(other.release());
        }
        return *this;
    }
    ~Descriptor() {
        reset();
    }

    [[nodiscard]] int get() const {
        return fd_;
    }
    [[nodiscard]] int release() {
        return std::exchange(fd_, -1);
    }
    void reset(int fd = -1) {
        if (const int old = std::exchange(fd_, fd); old >= 0) {
            close(old);
        }
    }
    [[nodiscard]] explicit operator bool() const {
        return fd_ >= 0;
    }

private:
    int fd_ = -1;
};

}  // namespace lamd::daemon
