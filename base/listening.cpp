#include "base/listening.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <system_error>
#include <utility>

namespace lamd {
namespace {

namespace fs = std::filesystem;

template <class Number>
std::optional<Number> number(std::string_view text, int base) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

std::string contents(const std::string& file) {
    std::ifstream stream(file);
    return {std::istreambuf_iterator<char>(stream), {}};
}

/// Words of 32 bits, each in this machine's order, as the kernel prints them.
std::string address_of(std::string_view hex) {
    std::array<std::uint32_t, 4> words{};
    for (std::size_t i = 0; i < std::min(words.size(), hex.size() / 8); ++i) {
        words[i] = number<std::uint32_t>(hex.substr(i * 8, 8), 16).value_or(0);
    }
    std::array<char, INET6_ADDRSTRLEN> text{};
    inet_ntop(hex.size() > 8 ? AF_INET6 : AF_INET, words.data(), text.data(), text.size());
    return text.data();
}

std::optional<ListeningSocket> parse_line(const std::string& line) {
    constexpr std::string_view kListening = "0A";
    std::istringstream words(line);
    std::array<std::string, 10> word;
    for (auto& one : word) {
        words >> one;
    }
    const std::string_view local = word[1];
    const auto colon = local.find(':');
    if (word[3] != kListening || colon == std::string_view::npos) {
        return std::nullopt;
    }
    const auto port = number<std::uint16_t>(local.substr(colon + 1), 16);
    const auto uid = number<uid_t>(word[7], 10);
    const auto inode = number<std::uint64_t>(word[9], 10);
    if (!port || !uid || !inode) {
        return std::nullopt;
    }
    return ListeningSocket{address_of(local.substr(0, colon)), *port, *uid, *inode};
}

bool has_socket(const fs::path& process, const std::string& link) {
    std::error_code ec;
    for (fs::directory_iterator entry(process / "fd", ec), end; !ec && entry != end; entry.increment(ec)) {
        std::error_code gone;
        if (fs::read_symlink(*entry, gone) == link) {
            return true;
        }
    }
    return false;
}

}  // namespace

bool ListeningSocket::is_loopback() const {
    return address.starts_with("127.") || address == "::1" || address.starts_with("::ffff:127.");
}

bool ListeningSocket::is_on_loopback() const {
    return is_loopback() || address == "0.0.0.0" || address == "::" || address == "::ffff:0.0.0.0";
}

std::vector<ListeningSocket> parse_listening(std::string_view table) {
    std::vector<ListeningSocket> sockets;
    std::istringstream lines{std::string(table)};
    for (std::string line; std::getline(lines, line);) {
        if (auto socket = parse_line(line)) {
            sockets.push_back(std::move(*socket));
        }
    }
    return sockets;
}

std::vector<ListeningSocket> listening_at(std::uint16_t port) {
    std::vector<ListeningSocket> sockets;
    for (const auto* table : {"/proc/self/net/tcp", "/proc/self/net/tcp6"}) {
        std::ranges::move(parse_listening(contents(table)), std::back_inserter(sockets));
    }
    std::erase_if(sockets, [port](const ListeningSocket& socket) { return socket.port != port; });
    return sockets;
}

std::string program_name(pid_t pid) {
    auto name = contents(fmt::format("/proc/{}/comm", pid));
    name.erase(name.find_last_not_of('\n') + 1);
    return name;
}

std::optional<pid_t> owner_of(const ListeningSocket& socket) {
    const auto link = fmt::format("socket:[{}]", socket.inode);
    std::error_code ec;
    for (fs::directory_iterator entry("/proc", ec), end; !ec && entry != end; entry.increment(ec)) {
        const auto pid = number<pid_t>(entry->path().filename().string(), 10);
        if (pid && has_socket(entry->path(), link)) {
            return pid;
        }
    }
    return std::nullopt;
}

}  // namespace lamd
