// The state directory: can lamd write there, and is there room?
#include "lamctl/doctor/check.h"

#include "config/text.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace lamd::lamctl::doctor {
namespace {

constexpr std::uint64_t kLeastBytes = 16 << 20;
constexpr std::uint64_t kLeastFiles = 64;

/// Where the file system with this directory is mounted.
std::string mount_of(std::filesystem::path path) {
    struct stat status{};
    stat(path.c_str(), &status);
    const auto device = status.st_dev;
    for (; path.has_relative_path(); path = path.parent_path()) {
        if (stat(path.parent_path().c_str(), &status) != 0 || status.st_dev != device) {
            return path;
        }
    }
    return "/";
}

Finding not_writable(const Machine& machine, bool is_read_only) {
    const auto directory = config::in_shell(machine.state);
    const auto remedy = is_read_only
                            ? fmt::format("`mount -o remount,rw {}`", config::in_shell(mount_of(machine.state)))
                            : fmt::format("`chown -R {0} {1} && chmod 700 {1}`", machine.lamd.name, directory);
    return {.cause = "state_unwritable",
            .place = machine.state,
            .message = fmt::format(
                "lamd, as {}, cannot write into its state directory: it forgets the mode, drained servers and sessions",
                machine.lamd.name),
            .evidence = is_read_only ? "the file system is mounted read-only" : "no right to write",
            .remedy = remedy + "; then `systemctl restart lamd`"};
}

void look_at_room(const Machine& machine, Diagnosis& diagnosis) {
    struct statvfs room{};
    if (statvfs(machine.state.c_str(), &room) != 0) {
        return;
    }
    const auto bytes = static_cast<std::uint64_t>(room.f_bavail) * room.f_frsize;
    const bool has_files = room.f_files == 0 || room.f_favail >= kLeastFiles;
    if (bytes >= kLeastBytes && has_files) {
        return;
    }
    const auto mount = mount_of(machine.state);
    diagnosis.findings.push_back(
        {.cause = "disk_full",
         .place = machine.state,
         .message = "the disk is full: lamd cannot keep sessions, the mode and its identity",
         .evidence = fmt::format("{} KiB and {} files left on {}", bytes >> 10,
                                 static_cast<std::uint64_t>(room.f_favail), mount),
         .remedy = fmt::format(
             "delete or move what is not needed; `du -xak {} | sort -rn | head -n 20` shows what takes most; "
             "`journalctl --vacuum-size=200M` shrinks the journal",
             config::in_shell(mount))});
}

}  // namespace

Diagnosis look_at_state(const Machine& machine) {
    Diagnosis diagnosis;
    struct stat status{};
    if (stat(machine.state.c_str(), &status) != 0) {
        if (errno != ENOENT) {
            diagnosis.unseen.push_back(fmt::format("{}: {}", machine.state, std::generic_category().message(errno)));
        }
        return diagnosis;  // lamd, or systemd, makes it
    }
    look_at_room(machine, diagnosis);
    const ActingAs lamd(machine.lamd);
    if (lamd.is_other()) {
        diagnosis.unseen.push_back(
            fmt::format("lamd runs as {}, whose rights root can try: run this with sudo", machine.lamd.name));
    } else if (faccessat(AT_FDCWD, machine.state.c_str(), W_OK | X_OK, AT_EACCESS) != 0) {
        diagnosis.findings.push_back(not_writable(machine, errno == EROFS));
    }
    return diagnosis;
}

}  // namespace lamd::lamctl::doctor
