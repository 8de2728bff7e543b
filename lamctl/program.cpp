#include "lamctl/program.h"

#include "lamctl/descriptor.h"
#include "lamctl/text.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <system_error>

namespace lamd::lamctl {
namespace {

/// A file without a name: no pipe that has to be emptied while another one is filled.
Descriptor make_file(const std::string& text = {}) {
    Descriptor file(memfd_create("lamctl", MFD_CLOEXEC));
    if (file.get() >= 0 && write_all(file.get(), text)) {
        lseek(file.get(), 0, SEEK_SET);
    }
    return file;
}

std::string content_of(const Descriptor& file) {
    std::string text;
    std::array<char, 4096> buffer{};
    lseek(file.get(), 0, SEEK_SET);
    for (ssize_t count = 0; (count = read(file.get(), buffer.data(), buffer.size())) > 0;) {
        text.append(buffer.data(), static_cast<std::size_t>(count));
    }
    return text;
}

Failure failure(const std::vector<std::string>& words, std::string_view why) {
    return Failure{ExitCode::error, fmt::format("{}: {}", fmt::join(words, " "), why)};
}

}  // namespace

Outcome<std::string> run_program(const std::vector<std::string>& words, const std::string& input) {
    const auto in = make_file(input);
    const auto out = make_file();
    const auto error = make_file();
    posix_spawn_file_actions_t actions{};
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in.get(), 0);
    posix_spawn_file_actions_adddup2(&actions, out.get(), 1);
    posix_spawn_file_actions_adddup2(&actions, error.get(), 2);
    std::vector<std::string> copies = words;
    std::vector<char*> arguments;
    arguments.reserve(copies.size() + 1);
    for (auto& word : copies) {
        arguments.push_back(word.data());
    }
    arguments.push_back(nullptr);
    pid_t pid = 0;
    const int code = posix_spawnp(&pid, arguments.front(), &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (code != 0) {
        return failure(words, std::generic_category().message(code));
    }
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        const auto said = content_of(error);
        const auto complaint = trimmed(said);
        return failure(words,
                       complaint.empty() ? fmt::format("it failed with status {}", status) : std::string(complaint));
    }
    return content_of(out);
}

}  // namespace lamd::lamctl
