#include "lamctl/guard/place.h"

#include "base/environment.h"
#include "lamctl/guard/claim.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <system_error>

namespace lamd::lamctl::guard {
namespace {

// Whoever may write there could put another record or another socket in the place of ours.
bool enter(const std::string& path) {
    mkdir(path.c_str(), 0700);
    const Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    struct stat status{};
    constexpr mode_t kOthers = S_IWGRP | S_IWOTH;
    return directory.get() >= 0 && fstat(directory.get(), &status) == 0 && status.st_uid == geteuid() &&
           (status.st_mode & kOthers) == 0 && access(path.c_str(), W_OK | X_OK) == 0 && fchdir(directory.get()) == 0;
}

std::vector<std::string> candidates() {
    std::vector<std::string> paths;
    if (const auto home = environment("HOME"); home.starts_with('/')) {
        paths.push_back(std::string(home) + "/.lamd");
    }
    paths.push_back(fmt::format("/var/tmp/lamd-{}", geteuid()));
    paths.push_back(fmt::format("/tmp/lamd-{}", geteuid()));
    return paths;
}

template <class T>
bool read_number(const std::string& word, T& number) {
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    return error == std::errc() && end == word.data() + word.size();
}

}  // namespace

std::string to_line(const Record& record) {
    return fmt::format("{} {} {} {} {}\n", record.session.pid, record.session.born, record.instance, record.host,
                       record.since);
}

std::optional<Record> read_record(std::string_view line) {
    const auto words = words_of(line);
    Record record;
    if (words.size() != 5 || !read_number(words[0], record.session.pid) || !read_number(words[4], record.since) ||
        record.session.pid <= 1 || !is_word(words[2]) || !is_word(words[3])) {
        return std::nullopt;
    }
    record.session.born = words[1];
    record.instance = words[2];
    record.host = words[3];
    return record;
}

Outcome<Place> Place::open(const std::string& name) {
    umask(0077);
    for (const auto& path : candidates()) {
        if (enter(path)) {
            const auto file_name = name + ".guard";
            Descriptor file(::open(file_name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
            if (file.get() < 0) {
                return Failure{ExitCode::error,
                               fmt::format("open {}/{}: {}", path, file_name, std::generic_category().message(errno))};
            }
            return Place(std::move(file), name + ".sock");
        }
    }
    return Failure{ExitCode::error, "no directory that only this user may write"};
}

bool Place::try_lock() {
    return flock(file_.get(), LOCK_EX | LOCK_NB) == 0;
}

void Place::unlock() {
    flock(file_.get(), LOCK_UN);
}

std::optional<Record> Place::read() const {
    std::array<char, 512> buffer{};
    const auto count = pread(file_.get(), buffer.data(), buffer.size(), 0);
    return count > 0 ? read_record({buffer.data(), static_cast<std::size_t>(count)}) : std::nullopt;
}

bool Place::write(const Record& record) {
    const auto line = to_line(record);
    return clear() && pwrite(file_.get(), line.data(), line.size(), 0) == static_cast<ssize_t>(line.size());
}

bool Place::clear() {
    return ftruncate(file_.get(), 0) == 0;
}

}  // namespace lamd::lamctl::guard
