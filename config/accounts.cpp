#include "config/accounts.h"

#include <grp.h>
#include <pwd.h>
#include <cerrno>
#include <cstddef>
#include <vector>

namespace lamd::config {
namespace {

constexpr std::size_t kFirstBuffer = 4096;
constexpr std::size_t kLargestBuffer = std::size_t{1} << 20;  // a group of many members needs much

/// `look_up(buffer, size, &found)` is getpwnam_r or getgrnam_r; it asks for a larger buffer with ERANGE.
template <class Entry, class LookUp>
bool find(Entry& entry, std::vector<char>& buffer, LookUp look_up) {
    for (std::size_t size = kFirstBuffer; size <= kLargestBuffer; size *= 2) {
        buffer.resize(size);
        Entry* found = nullptr;
        const int error = look_up(&entry, buffer.data(), buffer.size(), &found);
        if (error != ERANGE) {
            return error == 0 && found != nullptr;
        }
    }
    return false;
}

std::optional<std::uint32_t> find_user(const std::string& name) {
    passwd entry{};
    std::vector<char> buffer;
    const bool is_found = find(entry, buffer, [&name](passwd* to, char* data, std::size_t size, passwd** found) {
        return ::getpwnam_r(name.c_str(), to, data, size, found);
    });
    return is_found ? std::optional<std::uint32_t>(entry.pw_uid) : std::nullopt;
}

std::optional<std::uint32_t> find_group(const std::string& name) {
    group entry{};
    std::vector<char> buffer;
    const bool is_found = find(entry, buffer, [&name](group* to, char* data, std::size_t size, group** found) {
        return ::getgrnam_r(name.c_str(), to, data, size, found);
    });
    return is_found ? std::optional<std::uint32_t>(entry.gr_gid) : std::nullopt;
}

}  // namespace

Accounts system_accounts() {
    return {.user = find_user, .group = find_group};
}

}  // namespace lamd::config
