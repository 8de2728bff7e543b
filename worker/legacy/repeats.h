// Messages that come twice: a broker, or a backend's client, may deliver again what it has not seen acknowledged (QoS
// 1). Remembers those that can be told apart, because they name their request; one that is under way is not answered a
// second time, one that was answered gets the same answer again. No I/O.
#pragma once

#include "base/clock.h"

#include <cstddef>
#include <list>
#include <optional>
#include <string>
#include <string_view>

namespace lamd::worker::legacy {

class Repeats {
public:
    enum class Verdict { fresh, under_way, answered };
    struct Look {
        Verdict verdict = Verdict::fresh;
        std::string answer;
    };

    [[nodiscard]] static std::size_t fingerprint(std::string_view project, std::string_view payload);

    /// A fresh one is under way from now on.
    [[nodiscard]] Look look(std::size_t fingerprint, Instant now);

    void answered(std::size_t fingerprint, std::string answer);

    /// It failed: it may be asked again.
    void forget(std::size_t fingerprint);

private:
    struct Known {
        std::size_t fingerprint = 0;
        Instant came;
        std::optional<std::string> answer = {};
    };
    [[nodiscard]] std::list<Known>::iterator find(std::size_t fingerprint);

    std::list<Known> known_;  // in the order in which they came
};

}  // namespace lamd::worker::legacy
