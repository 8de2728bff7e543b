#include "lamctl/files.h"

#include "lamctl/descriptor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

namespace lamd::lamctl {
namespace {

Failure system_failure(std::string_view doing, const std::string& path, int error) {
    const auto code = error == EACCES || error == EPERM ? ExitCode::not_permitted : ExitCode::error;
    return Failure{code, fmt::format("{} {}: {}", doing, path, std::generic_category().message(error)),
                   code == ExitCode::not_permitted && geteuid() != 0 ? "sudo" : ""};
}

}  // namespace

Outcome<std::string> read_text(const std::string& path) {
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) {
        return system_failure("read", path, EISDIR);
    }
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        return system_failure("read", path, errno != 0 ? errno : EIO);
    }
    std::ostringstream text;
    if (file.peek() != std::ifstream::traits_type::eof()) {  // streaming nothing would count as a failure
        text << file.rdbuf();
    }
    return text.str();
}

Outcome<std::string> read_if_there(const std::string& path) {
    return is_there(path) ? read_text(path) : Outcome<std::string>(std::string());
}

bool is_there(const std::string& path) {
    struct stat status{};
    return lstat(path.c_str(), &status) == 0;
}

Outcome<void> see_that_it_is_free(const std::string& path) {
    if (is_there(path)) {
        return Failure{ExitCode::error, path + " is there already", "--force replaces it"};
    }
    return {};
}

Outcome<void> write_text(const std::string& path, std::string_view text, mode_t mode) {
    const std::string draft = path + ".new";
    const Descriptor file(open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode));
    if (file.get() < 0) {
        return system_failure("write", draft, errno);
    }
    auto written = write_all(file.get(), text);
    if (written &&
        (fchmod(file.get(), mode) != 0 || fsync(file.get()) != 0 || rename(draft.c_str(), path.c_str()) != 0)) {
        written = system_failure("write", path, errno);
    }
    if (!written) {
        unlink(draft.c_str());
    }
    return written;
}

Outcome<void> give_to(const std::string& user, const std::string& path) {
    const passwd* entry = geteuid() == 0 ? getpwnam(user.c_str()) : nullptr;
    if (entry != nullptr && lchown(path.c_str(), entry->pw_uid, entry->pw_gid) != 0) {
        return system_failure(fmt::format("give to the user {}:", user), path, errno);
    }
    return {};
}

}  // namespace lamd::lamctl
