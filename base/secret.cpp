#include "base/secret.h"

#include <cstring>

namespace lamd {

void Secret::wipe() noexcept {
    // The capacity, not the size: a string that was moved from keeps short values in its own bytes.
    value_.resize(value_.capacity());
    explicit_bzero(value_.data(), value_.size());
    value_.clear();
}

}  // namespace lamd
