// The words between a lamd that has connected and the guard of its tunnel (docs/protocol.md): who claims, from the
// command that it asked for, and the line that answers it. Text only.
#pragma once

#include "base/clock.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lamd::lamctl::guard {

/// Who it says it is. Every word is fit for a file name and for a line of words.
struct Claim {
    std::string tunnel;    ///< as the client calls it
    std::string instance;  ///< of its lamd
    std::string host;
    Duration limit = Duration::zero();  ///< silent for so long, it has given this connection up itself

    friend bool operator==(const Claim&, const Claim&) = default;
};

/// From SSH_ORIGINAL_COMMAND, whose last five words are `lamd-claim TUNNEL INSTANCE HOST SECONDS`. Nothing: it is no
/// lamd that asks.
[[nodiscard]] std::optional<Claim> read_claim(std::string_view command);

/// Whether a text is one such word.
[[nodiscard]] bool is_word(std::string_view text);

/// A live holder of the tunnel.
struct Holder {
    std::string host;
    Duration held = Duration::zero();
    std::vector<std::string> ports;  ///< `127.0.0.1:8080`
};

[[nodiscard]] std::string granted();
[[nodiscard]] std::string taken_over(int pid);
[[nodiscard]] std::string held(const Holder& holder, Duration retry);
[[nodiscard]] std::string unavailable(std::string_view why);

[[nodiscard]] std::vector<std::string> words_of(std::string_view line);
[[nodiscard]] std::string join(const std::vector<std::string>& words);

}  // namespace lamd::lamctl::guard
