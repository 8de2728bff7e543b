#include "daemon/instance.h"

#include "base/uuid.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/file.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>

namespace lamd::daemon {

namespace {

std::string reason_of(int number) {
    return std::system_category().message(number);
}

std::optional<std::string> find(const std::map<std::string, std::string, std::less<>>& environment,
                                std::string_view name) {
    const auto found = environment.find(name);
    return found == environment.end() || found->second.empty() ? std::nullopt : std::optional(found->second);
}

Result<Descriptor> open_locked(const std::string& directory, const std::string& path) {
    std::error_code ec;
    std::filesystem::create_directories(directory, ec);
    Descriptor file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file) {
        return Error{fmt::format("open {}: {}", path, reason_of(errno))};
    }
    if (flock(file.get(), LOCK_EX | LOCK_NB) < 0) {
        return Error{errno == EWOULDBLOCK
                         ? fmt::format("another lamd runs with the state directory {}; stop it, or give this one a "
                                       "directory of its own in STATE_DIRECTORY",
                                       directory)
                         : fmt::format("lock {}: {}", path, reason_of(errno))};
    }
    return file;
}

/// The id in the file; a new one is written when there is none that can be read.
Result<std::string> read_or_make(int file, const std::string& path) {
    std::array<char, 64> buffer{};
    const auto count = pread(file, buffer.data(), buffer.size(), 0);
    if (count >= 36 && is_uuid({buffer.data(), 36})) {
        return std::string(buffer.data(), 36);
    }
    auto id = make_uuid_v4();
    const auto line = id + "\n";
    if (ftruncate(file, 0) < 0 || pwrite(file, line.data(), line.size(), 0) != static_cast<ssize_t>(line.size()) ||
        fsync(file) < 0) {
        return Error{fmt::format("write {}: {}", path, reason_of(errno))};
    }
    return id;
}

}  // namespace

StatePlace find_state_place(const std::map<std::string, std::string, std::less<>>& environment, unsigned uid) {
    if (const auto given = find(environment, "STATE_DIRECTORY")) {
        return {given->substr(0, given->find(':')), true};
    }
    if (uid == 0) {
        return {"/var/lib/lamd", false};
    }
    if (const auto state = find(environment, "XDG_STATE_HOME")) {
        return {*state + "/lamd", false};
    }
    if (const auto home = find(environment, "HOME")) {
        return {*home + "/.local/state/lamd", false};
    }
    return {"/var/lib/lamd", false};
}

Result<Instance> Instance::claim(const StatePlace& place) {
    const auto path = place.directory + "/instance";
    auto file = open_locked(place.directory, path);
    auto id = file ? read_or_make(file->get(), path) : Result<std::string>(file.error());
    Instance instance;
    if (id) {
        instance.id_ = *std::move(id);
        instance.lock_ = *std::move(file);
        return instance;
    }
    if (place.is_given) {
        return id.error().within("claim the state directory");
    }
    instance.id_ = make_uuid_v4();
    instance.note_ = id.error().message;
    return instance;
}

}  // namespace lamd::daemon
