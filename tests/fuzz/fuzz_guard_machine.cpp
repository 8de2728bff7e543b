// What a tunnel's guard makes of its client's lines and silence, whatever is said and when. Invariants: nothing is
// answered but a beat; a question counts as answered only by a pong that came after its ping; a session ends only
// unheard, after its limit and the patience with a ping; nothing waits in the past; and ports are ports.
#include "lamctl/guard/machine.h"
#include "tests/fuzz/fuzz.h"

#include <fmt/format.h>

#include <cstdint>
#include <string>

namespace {

using namespace lamd;
using namespace lamd::lamctl::guard;
using namespace std::chrono_literals;
using fuzz::Input;
using fuzz::require;
using Step = GuardMachine::Step;

class Run {
public:
    explicit Run(Input& input) : input_(input), machine_(kLimit, now_) {}

    void all() {
        while (!input_.is_empty() && !has_ended_) {
            now_ += std::chrono::milliseconds(50 * input_.number(256));
            switch (input_.number(5)) {
                case 0:
                    asked_ = machine_.ask();
                    break;
                case 1:
                    hear("beat");
                    break;
                case 2:
                    hear(fmt::format("pong {}", input_.number(16)));
                    break;
                case 3:
                    hear(input_.text());
                    break;
                default:
                    break;
            }
            act();
        }
    }

private:
    static constexpr Duration kLimit = 6s;
    static constexpr Duration kPatience = 3s;

    void hear(std::string_view line) {
        require(machine_.hear(line, now_) == (line == "beat" ? "beat\n" : ""));
        heard_ = now_;
        require(machine_.answered() <= pinged_);
        require(machine_.ports().size() <= 16);
        for (const auto& port : machine_.ports()) {
            require(port_of(port) != 0 && port.find_first_of(" \n\t\x1b") == std::string::npos);
        }
    }

    void act() {
        const auto next = machine_.next(now_);
        require(next.until >= now_);
        switch (next.step) {
            case Step::wait:
                require(next.until > now_ && next.until <= now_ + kLimit && pinged_ >= asked_);
                break;
            case Step::ping:
                ++pings_;
                require(next.line.starts_with("ping ") && next.line.ends_with('\n'));
                pinged_ = std::stoull(next.line.substr(5));
                require(pinged_ >= asked_);
                require(machine_.next(now_).step != Step::ping);
                break;
            case Step::end:
                require(pings_ > 0 && now_ >= heard_ + kPatience);
                has_ended_ = true;
                break;
        }
    }

    Input& input_;
    Instant now_{};
    GuardMachine machine_;
    Instant heard_{};
    std::uint64_t asked_ = 0;
    std::uint64_t pinged_ = 0;
    std::uint64_t pings_ = 0;
    bool has_ended_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    Input input(bytes, size);
    Run(input).all();
    return 0;
}
