#include "lamctl/guard/claim.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

namespace lamd::lamctl::guard {
namespace {

constexpr std::string_view kMark = "lamd-claim";
constexpr std::size_t kLongestWord = 64;
constexpr std::size_t kWords = 5;

bool is_safe(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
}

std::optional<Duration> read_limit(const std::string& word) {
    constexpr int kLongest = 24 * 3600;
    int count = 0;
    const auto* last = word.data() + word.size();
    const auto [end, error] = std::from_chars(word.data(), last, count);
    if (error != std::errc() || end != last || count < 1 || count > kLongest) {
        return std::nullopt;
    }
    return std::chrono::seconds(count);
}

long long count_of(Duration duration) {
    return std::chrono::ceil<std::chrono::seconds>(duration).count();
}

}  // namespace

std::vector<std::string> words_of(std::string_view line) {
    constexpr std::string_view kSpace = " \t\r\n";
    std::vector<std::string> words;
    for (auto begin = line.find_first_not_of(kSpace); begin != std::string_view::npos;) {
        const auto end = std::min(line.find_first_of(kSpace, begin), line.size());
        words.emplace_back(line.substr(begin, end - begin));
        begin = line.find_first_not_of(kSpace, end);
    }
    return words;
}

std::string join(const std::vector<std::string>& words) {
    return fmt::format("{}", fmt::join(words, " "));
}

bool is_word(std::string_view text) {
    return !text.empty() && text.size() <= kLongestWord && text.front() != '.' && std::ranges::all_of(text, is_safe);
}

std::optional<Claim> read_claim(std::string_view command) {
    const auto words = words_of(command);
    if (words.size() < kWords || words[words.size() - kWords] != kMark) {
        return std::nullopt;
    }
    const auto* last = &words[words.size() - kWords + 1];
    const auto limit = read_limit(last[3]);
    if (!is_word(last[0]) || !is_word(last[1]) || !is_word(last[2]) || !limit) {
        return std::nullopt;
    }
    return Claim{.tunnel = last[0], .instance = last[1], .host = last[2], .limit = *limit};
}

std::string granted() {
    return fmt::format("{} granted guard\n", kMark);
}

std::string taken_over(int pid) {
    return fmt::format("{} taken_over {} guard\n", kMark, pid);
}

std::string held(const Holder& holder, Duration retry) {
    return fmt::format("{} held {} {} guard {}{}{}\n", kMark, count_of(retry), holder.host, count_of(holder.held),
                       holder.ports.empty() ? "" : " ", join(holder.ports));
}

std::string unavailable(std::string_view why) {
    return fmt::format("{} unavailable {}\n", kMark, why);
}

}  // namespace lamd::lamctl::guard
