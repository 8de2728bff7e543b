// The mode that an operator has switched to, kept over restarts in a file of the state directory.
#pragma once

#include "base/result.h"
#include "config/config.h"

#include <optional>
#include <string>

namespace lamd::daemon {

class ModeFile {
public:
    explicit ModeFile(const std::string& directory) : path_(directory + "/mode") {}

    /// Nothing if nobody has switched, or if the file cannot be read.
    [[nodiscard]] std::optional<config::Mode> read() const;

    /// Replaces the file as a whole.
    [[nodiscard]] Result<void> write(config::Mode mode) const;

    /// The configuration decides again.
    void remove() const;

private:
    std::string path_;
};

/// `auto`, `sse` or `mqtt`.
[[nodiscard]] std::optional<config::Mode> parse_mode(std::string_view text);

}  // namespace lamd::daemon
