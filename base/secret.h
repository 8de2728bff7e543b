// Secret: a passphrase, password or token. It cannot be printed, logged or put into JSON by accident: it has no
// formatter and no conversion, only reveal(), which is easy to find in review. Its bytes are wiped when it goes.
#pragma once

#include <string>
#include <string_view>

namespace lamd {

class Secret {
public:
    Secret() = default;
    explicit Secret(std::string value) : value_(std::move(value)) {}
    Secret(const Secret&) = default;
    Secret(Secret&& other) noexcept : value_(std::move(other.value_)) {
        other.wipe();
    }
    Secret& operator=(const Secret& other) {
        if (this != &other) {
            wipe();
            value_ = other.value_;
        }
        return *this;
    }
    Secret& operator=(Secret&& other) noexcept {
        if (this != &other) {
            wipe();
            value_ = std::move(other.value_);
            other.wipe();
        }
        return *this;
    }
    ~Secret() {
        wipe();
    }

    [[nodiscard]] std::string_view reveal() const {
        return value_;
    }
    [[nodiscard]] bool is_empty() const {
        return value_.empty();
    }

    friend bool operator==(const Secret&, const Secret&) = default;

private:
    void wipe() noexcept;

    std::string value_;
};

}  // namespace lamd
