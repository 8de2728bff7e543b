#include "lamctl/door.h"

#include "lamctl/client.h"
#include "lamctl/text.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

namespace lamd::lamctl {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kOptionalSpace = " \t";  // RFC 9110, 5.6.3

std::string_view cut(std::string_view& text, std::string_view mark) {
    const auto at = text.find(mark);
    const auto part = text.substr(0, at);
    text.remove_prefix(at == std::string_view::npos ? text.size() : at + mark.size());
    return part;
}

/// The value of a field that is there once.
std::optional<std::string_view> field(std::string_view head, std::string_view name) {
    std::optional<std::string_view> found;
    cut(head, kLineEnd);
    while (!head.empty()) {
        auto value = cut(head, kLineEnd);
        if (is_equal_name(cut(value, ":"), name)) {
            if (found) {
                return std::nullopt;
            }
            found = trimmed(value, kOptionalSpace);
        }
    }
    return found;
}

std::string answer(std::string_view status, std::string_view fields, std::string_view text) {
    return fmt::format(
        "HTTP/1.1 {}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: no-store\r\n"
        "Connection: close\r\n{}\r\n{}",
        status, text.size(), fields, text);
}

/// Without what concerns the browser's connection, and with the end of lamd's after its answer.
std::string rewritten(std::string_view head) {
    std::string to(cut(head, kLineEnd));
    to += kLineEnd;
    for (auto line = cut(head, kLineEnd); !line.empty(); line = cut(head, kLineEnd)) {
        auto rest = line;
        const auto name = cut(rest, ":");
        if (!is_equal_name(name, "Connection") && !is_equal_name(name, "Keep-Alive") &&
            !is_equal_name(name, "Cookie")) {
            to.append(line).append(kLineEnd);
        }
    }
    return to.append("Connection: close\r\n\r\n");
}

}  // namespace

Door::Door(std::string key, std::uint16_t port)
    : key_(std::move(key)), port_(std::to_string(port)), cookie_(fmt::format("lamctl-{}={}", port_, key_)) {}

std::string Door::url() const {
    return fmt::format("http://127.0.0.1:{}/?key={}", port_, key_);
}

std::variant<Door::Pass, Door::Turn> Door::judge(std::string_view head) const {
    if (!is_for_us(head)) {
        return Turn{answer("421 Misdirected Request", "", "This is lamctl dashboard, at 127.0.0.1 only.\n")};
    }
    if (head.starts_with(fmt::format("GET /?key={} ", key_))) {
        return Turn{answer("303 See Other",
                           fmt::format("Location: /dashboard/\r\nSet-Cookie: {}; Path=/; HttpOnly; SameSite=Strict\r\n"
                                       "Referrer-Policy: no-referrer\r\n",
                                       cookie_),
                           "")};
    }
    if (!has_key(head)) {
        return Turn{answer("403 Forbidden", "", "Open the address that lamctl dashboard has printed.\n")};
    }
    return Pass{rewritten(head)};
}

// The name of another host that leads here is a page's attempt to read what is here (DNS rebinding).
bool Door::is_for_us(std::string_view head) const {
    const auto host = field(head, "Host");
    return host && (*host == "127.0.0.1:" + port_ || *host == "localhost:" + port_);
}

bool Door::has_key(std::string_view head) const {
    auto cookies = field(head, "Cookie").value_or("");
    while (!cookies.empty()) {
        if (trimmed(cut(cookies, ";"), kOptionalSpace) == cookie_) {
            return true;
        }
    }
    return false;
}

}  // namespace lamd::lamctl
