// The life of a server that lamd runs, under events of every kind at any time. Invariants: it is started only where
// nobody holds its address and it does not run already, asked to end before it is killed and given its time; nothing
// waits in the past; whatever has been, it is tried again within minutes; and once it is told to stop it ends and stays
// so.
#include "supervisor/child_machine.h"
#include "tests/fuzz/fuzz.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace {

using namespace lamd;
using namespace lamd::supervisor;
using namespace std::chrono_literals;
using fuzz::Input;
using fuzz::require;
using Step = ChildMachine::Step;

constexpr Duration kLongestWait = 15min;  // ready_timeout is the longest of the policy

class Run {
public:
    explicit Run(Input& input) : input_(input), machine_(policy_) {}

    void all() {
        while (!input_.is_empty()) {
            now_ += std::chrono::milliseconds(100 * input_.number(256));
            happen();
            act(input_.number(4) != 0);
        }
        come_up();
        machine_.stop(now_);
        is_wanted_ = false;
        for (int i = 0; !act(false); ++i) {
            require(i < 5);
        }
        require(machine_.state() == ChildState::stopped && !machine_.is_running());
    }

private:
    // Without anything in the way it runs soon.
    void come_up() {
        if (!is_wanted_) {
            return;
        }
        for (int i = 0; machine_.state() != ChildState::ready; ++i) {
            require(i < 20);
            act(true);
            if (machine_.state() == ChildState::starting || machine_.state() == ChildState::wedged) {
                machine_.take_wedge(std::nullopt, now_);
                machine_.answered(now_);
            }
        }
    }

    void happen() {
        switch (input_.number(11)) {
            case 0:
                machine_.answered(now_);
                break;
            case 1:
                machine_.alive("why", now_);
                break;
            case 2:
                machine_.unanswered("why", now_);
                break;
            case 3:
                machine_.impersonated("another", now_);
                break;
            case 4:
                machine_.take_wedge("stuck", now_);
                break;
            case 5:
                machine_.take_wedge(std::nullopt, now_);
                break;
            case 6:
                machine_.take_memory(ByteCount{input_.number(8)}, now_);
                break;
            case 7:
                machine_.restart("why", now_);
                break;
            case 8:
                if (is_running_) {
                    exit();
                }
                break;
            case 9:
                policy_.is_restarted_when_wedged = input_.number(2) == 0;
                policy_.memory_max = ByteCount{4};
                machine_.set_policy(policy_);
                break;
            default:
                if (input_.number(16) == 0) {
                    machine_.stop(now_);
                    is_wanted_ = false;
                }
        }
    }

    // One step, as Child does it. True: it is over.
    bool act(bool is_free) {
        const auto action = machine_.next(now_);
        require(machine_.is_running() == is_running_);
        switch (action.step) {
            case Step::look:
                require(!is_running_);
                machine_.looked(is_free ? std::nullopt : std::optional<std::string>("another"), now_);
                has_looked_ = is_free;
                break;
            case Step::start:
                require(!is_running_ && is_wanted_ && std::exchange(has_looked_, false));
                machine_.started(now_);
                is_running_ = true;
                asked_.reset();
                break;
            case Step::terminate:
                require(is_running_ && !asked_);
                asked_ = now_;
                break;
            case Step::kill:
                require(is_running_ && asked_ && now_ >= *asked_ + policy_.stop_grace);
                exit();
                break;
            case Step::wait:
                require(action.until > now_);
                if (action.until != Instant::max()) {
                    require(action.until <= now_ + kLongestWait);
                    now_ = action.until;
                }
                break;
            case Step::done:
                require(!is_wanted_ && !is_running_);
                return true;
        }
        return false;
    }

    void exit() {
        is_running_ = has_looked_ = false;
        machine_.exited({.code = 1}, static_cast<double>(input_.number(255)) / 255, now_);
    }

    Input& input_;
    ChildPolicy policy_;
    ChildMachine machine_;
    Instant now_{};
    bool is_running_ = false;
    bool is_wanted_ = true;
    bool has_looked_ = false;       // and nobody was there
    std::optional<Instant> asked_;  // to end
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    Input input(bytes, size);
    Run(input).all();
    return 0;
}
