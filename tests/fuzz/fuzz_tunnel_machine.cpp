// A tunnel's machine under outcomes of every kind, at every step, at any time. Invariants: each step is one that can be
// done; nothing waits for ever or in the past; it is `up` exactly while it serves with every forward bound; and
// whatever has happened, a server that takes everything (and a person who asks, where it waits for one) brings it up in
// a bounded number of steps.
#include "tests/fuzz/fuzz.h"
#include "tunnel/machine.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace {

using namespace lamd;
using namespace lamd::tunnel;
using fuzz::Input;
using fuzz::require;

constexpr int kCauses = static_cast<int>(Cause::forwarding_disabled) + 1;

std::vector<config::Forward> make_forwards(std::size_t count) {
    std::vector<config::Forward> forwards(count);
    for (std::size_t i = 0; i < count; ++i) {
        forwards[i].remote.port = static_cast<std::uint16_t>(8080 + 10 * i);
        forwards[i].alternates = {static_cast<std::uint16_t>(8081 + 10 * i)};
    }
    return forwards;
}

class Run {
public:
    Run(std::size_t forwards, Input& input)
        : input_(input), forwards_(forwards), machine_(make_forwards(forwards), Policy()), action_(machine_.start()) {}

    void all() {
        check();
        while (!input_.is_empty()) {
            const auto later = now_ + std::chrono::milliseconds(250 * input_.number(256));
            now_ = std::min(later, action_.until.value_or(later));  // what is due does not wait
            take(any());
        }
        bring_up();
    }

private:
    [[nodiscard]] Failed failed() {
        return {
            static_cast<Cause>(input_.number(kCauses)), {"why", "what to do"}, std::chrono::seconds(input_.number(60))};
    }

    /// What can come of the step that is under way.
    [[nodiscard]] Outcome any() {
        if (action_.step == Step::pause) {
            const std::vector<Outcome> outcomes{Due(), NetworkChanged(), Asked()};
            return outcomes[input_.number(outcomes.size())];
        }
        if (action_.step == Step::serve) {
            const auto kind = input_.number(3);
            return kind == 0 && action_.until ? Outcome(Due()) : kind == 1 ? Outcome(Asked()) : Outcome(failed());
        }
        return input_.number(4) == 0 ? Outcome(failed()) : good();
    }

    [[nodiscard]] Outcome good() const {
        return Done{action_.step == Step::bind ? action_.port : 0};
    }

    void take(const Outcome& outcome) {
        action_ = machine_.next(outcome, now_, static_cast<double>(input_.number(255)) / 255);
        check();
    }

    void check() const {
        require(action_.step != Step::stop);
        require(action_.forward < forwards_ || (action_.step != Step::bind && action_.step != Step::verify));
        require(action_.step != Step::bind || action_.port != 0);
        if (action_.step == Step::pause) {
            require(action_.until && *action_.until >= now_ && *action_.until <= now_ + std::chrono::minutes(20));
            require(machine_.trouble().has_value());
        }
        bool is_bound = true;
        for (const auto& forward : machine_.forwards()) {
            is_bound = is_bound && forward.state == ForwardState::bound;
            require((forward.state == ForwardState::bound) == forward.bound_port.has_value());
        }
        if (machine_.state() == TunnelState::up) {
            require(action_.step == Step::serve && is_bound);
        }
        require(machine_.state() != TunnelState::stopped);
    }

    void bring_up() {
        const std::size_t most = 16 + 8 * forwards_;
        for (std::size_t i = 0; machine_.state() != TunnelState::up; ++i) {
            require(i < most);
            now_ = action_.until.value_or(now_);
            const bool is_waiting = action_.step == Step::pause || action_.step == Step::serve;
            // Without `until` it serves what it may, until a person has mended the rest.
            take(!is_waiting ? good() : action_.until ? Outcome(Due()) : Outcome(Asked()));
        }
    }

    Input& input_;
    std::size_t forwards_;
    TunnelMachine machine_;
    Action action_;
    Instant now_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    Input input(bytes, size);
    Run(1 + input.number(3), input).all();
    return 0;
}
