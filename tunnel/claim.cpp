#include "tunnel/claim.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <sstream>
#include <vector>

namespace lamd::tunnel {

namespace {

// POSIX sh, without a single quote, since it travels inside single quotes. Arguments: tunnel, instance, host, limit in
// seconds; a forced command finds them at the end of SSH_ORIGINAL_COMMAND. /proc/PID/stat: field 22 is the start time,
// which is the 20th after the command's name in parentheses.
constexpr std::string_view kScript = R"sh(umask 077
[ $# -ge 4 ] || { set -- $SSH_ORIGINAL_COMMAND; while [ $# -gt 4 ]; do shift; done; }
name=$1 inst=$2 host=$3 limit=$4
for d in "$HOME/.lamd" "/var/tmp/lamd-$(id -u)" "/tmp/lamd-$(id -u)" ""; do
  [ -n "$d" ] && mkdir -p "$d" 2>/dev/null
  [ -d "$d" ] && [ -O "$d" ] && [ -w "$d" ] && [ ! -L "$d" ] && break
done
[ -n "$d" ] || { echo "lamd-claim unavailable no directory that this user may write"; exit 1; }
[ -r /proc/$$/stat ] || { echo "lamd-claim unavailable no /proc on this server"; exit 1; }
f=$d/$name.claim
born() { b=$(cat /proc/$1/stat 2>/dev/null) || return 1; set -- ${b##*) }; echo ${20}; }
is_sshd() { read -r c 2>/dev/null </proc/$1/comm || return 1; case $c in sshd*) return 0;; esac; return 1; }
exec 9>>"$f.lock"
command -v flock >/dev/null 2>&1 && flock -w 5 9
said=granted
if read -r pid start who limit0 host0 2>/dev/null <"$f" && [ "$pid" != "$PPID" ] && is_sshd "$pid" && [ "$(born $pid)" = "$start" ]; then
  age=$(( $(date +%s) - $(stat -c %Y "$f.beat" 2>/dev/null || echo 0) ))
  if [ "$who" != "$inst" ] && [ $age -le $limit0 ]; then
    echo "lamd-claim held $((limit0 - age + 1)) $host0"; exit 1
  fi
  kill "$pid" 2>/dev/null; kill -CONT "$pid" 2>/dev/null; i=0
  while [ "$(born $pid)" = "$start" ] && [ $i -lt 40 ]; do
    i=$((i + 1)); [ $i -eq 20 ] && kill -9 "$pid" 2>/dev/null; sleep 0.05 2>/dev/null || sleep 1
  done
  said="taken_over $pid"
fi
echo "$PPID $(born $PPID) $inst $limit $host" >"$f"; echo >"$f.beat"
exec 9>&-
echo "lamd-claim $said"
while read -r line; do echo >"$f.beat"; echo "$line"; done
read -r pid rest <"$f" && [ "$pid" = "$PPID" ] && rm -f "$f" "$f.beat"
)sh";

constexpr std::string_view kMark = "lamd-claim ";
constexpr std::string_view kGuard = "guard";

// Words of the command line: only what needs no quoting survives.
std::string word(std::string_view text) {
    std::string safe;
    for (const char c : text) {
        safe += std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_' || c == '-' ? c : '_';
    }
    return safe.empty() ? "_" : safe;
}

std::vector<std::string> words_of(std::string_view line) {
    std::istringstream stream{std::string(line)};
    std::vector<std::string> words;
    for (std::string each; stream >> each;) {
        words.push_back(each);
    }
    return words;
}

std::string rest_after(const std::vector<std::string>& words, std::size_t count) {
    std::string text;
    for (std::size_t i = count; i < words.size(); ++i) {
        text += (text.empty() ? "" : " ") + words[i];
    }
    return text;
}

int number_of(const std::string& word) {
    int number = 0;
    std::from_chars(word.data(), word.data() + word.size(), number);
    return number;
}

ClaimAnswer parse_held(const std::vector<std::string>& words) {
    ClaimAnswer answer{.kind = ClaimAnswer::Kind::held,
                       .holder = words[2],
                       .retry = std::chrono::seconds(std::clamp(number_of(words[1]), 1, 3600))};
    if (words.size() >= 5 && words[3] == kGuard) {
        answer.has_guard = true;
        answer.held_for = std::chrono::seconds(std::max(number_of(words[4]), 0));
        answer.ports = rest_after(words, 5);
    }
    return answer;
}

ClaimAnswer parse(std::string_view line) {
    const auto words = words_of(line.substr(kMark.size()));
    const std::string_view kind = words.empty() ? std::string_view() : std::string_view(words[0]);
    const bool has_guard = !words.empty() && words.back() == kGuard;
    if (kind == "granted") {
        return {.kind = ClaimAnswer::Kind::granted, .has_guard = has_guard};
    }
    if (kind == "taken_over") {
        return {.kind = ClaimAnswer::Kind::taken_over, .has_guard = has_guard};
    }
    if (kind == "held" && words.size() >= 3) {
        return parse_held(words);
    }
    return {.kind = ClaimAnswer::Kind::unavailable, .why = rest_after(words, 1)};
}

}  // namespace

std::string claim_command(const ClaimIdentity& identity) {
    const auto limit = std::chrono::ceil<std::chrono::seconds>(identity.limit).count();
    return fmt::format("exec /bin/sh -c '{}' lamd-claim {} {} {} {}", kScript, word(identity.tunnel),
                       word(identity.instance), word(identity.host), limit);
}

std::optional<ClaimAnswer> read_claim_answer(std::string_view output, bool has_ended) {
    for (std::size_t begin = 0; begin < output.size();) {
        const auto end = output.find('\n', begin);
        if (end == std::string_view::npos && !has_ended) {
            return std::nullopt;
        }
        const auto line = output.substr(begin, end == std::string_view::npos ? end : end - begin);
        if (line.starts_with(kMark)) {
            return parse(line);
        }
        if (end == std::string_view::npos) {
            break;
        }
        begin = end + 1;
    }
    constexpr std::size_t kChattiest = 4096;
    if (!has_ended && output.size() < kChattiest) {
        return std::nullopt;
    }
    const auto first = output.substr(0, std::min(output.find('\n'), std::size_t{120}));
    return ClaimAnswer{.kind = ClaimAnswer::Kind::unavailable,
                       .why = first.empty() ? "the server's command ended without an answer"
                                            : fmt::format("the server answered \"{}\"", first)};
}

ClaimTalk read_claim_talk(std::string& output) {
    constexpr std::size_t kLongest = 4096;
    constexpr std::string_view kPing = "ping ";
    ClaimTalk talk;
    for (auto end = output.find('\n'); end != std::string::npos; end = output.find('\n')) {
        const auto line = std::string_view(output).substr(0, end);
        if (line.starts_with(kPing)) {
            talk.reply += fmt::format("pong {}\n", line.substr(kPing.size(), 20));
        } else {
            talk.is_answered = true;
        }
        output.erase(0, end + 1);
    }
    if (output.size() > kLongest) {
        output.clear();
    }
    return talk;
}

}  // namespace lamd::tunnel
