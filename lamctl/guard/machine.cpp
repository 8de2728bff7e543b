#include "lamctl/guard/machine.h"

#include "lamctl/guard/claim.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace lamd::lamctl::guard {
namespace {

constexpr std::size_t kMostPorts = 16;
constexpr std::size_t kLongestAddress = 80;

template <class T>
T number_of(std::string_view text) {
    T number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size() ? number : T(0);
}

bool is_of_host(char c) {
    constexpr std::string_view kOthers = ".:-_[]%";
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kOthers.find(c) != std::string_view::npos;
}

}  // namespace

std::uint16_t port_of(std::string_view address) {
    const auto colon = address.rfind(':');
    const bool is_shaped = colon != std::string_view::npos && colon > 0 && address.size() <= kLongestAddress &&
                           std::ranges::all_of(address.substr(0, colon), is_of_host);
    return is_shaped ? number_of<std::uint16_t>(address.substr(colon + 1)) : std::uint16_t(0);
}

std::string GuardMachine::hear(std::string_view line, Instant now) {
    last_heard_ = now;
    is_waiting_ = false;
    if (line == "beat") {
        return "beat\n";
    }
    auto words = words_of(line);
    if (words.size() == 2 && words[0] == "pong") {
        const auto number = number_of<std::uint64_t>(words[1]);
        answered_ = number <= pinged_ ? std::max(answered_, number) : answered_;
    }
    if (!words.empty() && words[0] == "bound") {
        words.erase(words.begin());
        std::erase_if(words, [](const std::string& word) { return port_of(word) == 0; });
        words.resize(std::min(words.size(), kMostPorts));
        ports_ = std::move(words);
    }
    return {};
}

std::uint64_t GuardMachine::ask() {
    return ++asked_;
}

GuardMachine::Next GuardMachine::next(Instant now) {
    if (is_waiting_ && now >= last_ping_ + kPatience) {
        return {.step = Step::end, .until = now, .line = {}};
    }
    const bool is_silent = !is_waiting_ && now >= last_heard_ + limit_;
    if (is_silent || asked_ > pinged_) {
        if (is_silent) {
            asked_ = std::max(asked_, pinged_ + 1);
            is_waiting_ = true;
            last_ping_ = now;
        }
        pinged_ = asked_;
        return {.step = Step::ping, .until = now, .line = fmt::format("ping {}\n", pinged_)};
    }
    return {.step = Step::wait, .until = is_waiting_ ? last_ping_ + kPatience : last_heard_ + limit_, .line = {}};
}

}  // namespace lamd::lamctl::guard
