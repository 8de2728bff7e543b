// The health of a path under signs of every kind, at any time. Invariants: the next probe is neither in the past nor
// far away; a failure is named as long as it counts; and whatever has been, answers bring it up, and silence brings it
// down, in the number that the policy says.
#include "supervisor/path_machine.h"
#include "tests/fuzz/fuzz.h"

#include <cstdint>

namespace {

using namespace lamd;
using namespace lamd::supervisor;
using fuzz::Input;
using fuzz::require;

constexpr int kSigns = static_cast<int>(Sign::wedged) + 1;

class Run {
public:
    explicit Run(Input& input) : input_(input), machine_(policy_, now_) {}

    void all() {
        while (!input_.is_empty()) {
            now_ += std::chrono::milliseconds(20 * input_.number(256));
            take(static_cast<Sign>(input_.number(kSigns)));
        }
        for (int i = 0; i < policy_.rise; ++i) {
            take(Sign::answered);
        }
        require(machine_.state() == PathState::up && machine_.fate() == Fate::none);
        for (int i = 0; i < policy_.fall; ++i) {
            require(is_usable(machine_.state()));
            take(Sign::failing);
        }
        require(!is_usable(machine_.state()));
    }

private:
    void take(Sign sign) {
        const auto before = machine_.state();
        Observation observation{.sign = sign};
        if (sign != Sign::answered) {
            observation.message = "why";
            observation.fate = Fate::failing;
        }
        const bool has_changed = machine_.observe(observation, now_, static_cast<double>(input_.number(255)) / 255);
        require(has_changed == (machine_.state() != before));
        require(!has_changed || machine_.since() == now_);
        require(machine_.next_probe() >= now_ && machine_.next_probe() <= now_ + 2 * policy_.interval);
        require(machine_.state() != PathState::saturated);
        require(machine_.state() == PathState::up || machine_.state() == PathState::unknown ||
                !machine_.trouble().message.empty());
    }

    Input& input_;
    PathPolicy policy_;
    Instant now_;
    PathMachine machine_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    Input input(bytes, size);
    Run(input).all();
    return 0;
}
