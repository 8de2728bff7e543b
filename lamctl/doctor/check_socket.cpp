// lamd's socket, as the one who is to use it: is it there, may one connect, and does lamd answer?
#include "lamctl/client.h"
#include "lamctl/connect.h"
#include "lamctl/doctor/check.h"
#include "lamctl/doctor/holder.h"

#include "config/text.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

namespace lamd::lamctl::doctor {
namespace {

using config::in_shell;

Outcome<std::string> ask_whether_it_lives(const Machine& machine) {
    Request request;
    request.target = "/livez";
    return fetch(machine.socket, request, kPatience);
}

/// Silence, or something that is not lamd's. That lamd refuses, or says that it is stopping, is an answer.
bool is_no_answer(const Failure& failure) {
    return failure.code == ExitCode::timed_out || failure.code == ExitCode::no_such_object ||
           (failure.code == ExitCode::error && !failure.is_passing);
}

std::string name_of_group(gid_t gid) {
    const group* entry = getgrgid(gid);
    return entry != nullptr ? entry->gr_name : std::to_string(gid);
}

bool is_member(const Account& account, gid_t gid) {
    return account.gid == gid || std::ranges::find(account.groups, gid) != account.groups.end();
}

/// The first directory on the way that the caller may not pass.
std::optional<std::string> closed_directory(const std::string& socket) {
    std::filesystem::path directory = "/";
    for (const auto& part : std::filesystem::path(socket).parent_path()) {
        directory /= part;
        if (access(directory.c_str(), F_OK) == 0 && faccessat(AT_FDCWD, directory.c_str(), X_OK, AT_EACCESS) != 0) {
            return directory.string();
        }
    }
    return std::nullopt;
}

Finding shut(const Machine& machine, const struct stat& status) {
    Finding finding{
        .cause = "socket_permissions",
        .place = machine.socket,
        .message = fmt::format("{} may not connect to lamd", machine.caller.name),
        .evidence = fmt::format("mode {:04o}, group {}", status.st_mode & 07777U, name_of_group(status.st_gid)),
        .remedy = fmt::format("`chmod 660 {}`, and socket.mode, or SocketMode= of lamd.socket, for good",
                              in_shell(machine.socket))};
    const bool is_open_to_group = (status.st_mode & S_IWGRP) != 0;
    const auto known = account_of(machine.caller.uid);
    if (is_open_to_group && !is_member(machine.caller, status.st_gid)) {
        finding.cause = "not_in_group";
        const bool is_new = is_member(known, status.st_gid);
        finding.remedy =
            is_new ? fmt::format(
                         "{} is in the group since its last login: log in again, or `newgrp {}`; a service: restart it",
                         machine.caller.name, name_of_group(status.st_gid))
                   : fmt::format("`usermod -aG {} {}`; then log in again, or restart the service that runs as {}",
                                 name_of_group(status.st_gid), machine.caller.name, machine.caller.name);
    }
    return finding;
}

Finding not_running(const Machine& machine, bool is_there) {
    const bool is_failed = machine.service && machine.service->active == "failed";
    return {.cause = is_there ? "socket_dead" : "socket_missing",
            .place = machine.socket,
            .message = is_there ? "lamd does not run: nobody listens on its socket"
                                : "lamd does not run: its socket is not there",
            .evidence = machine.service
                            ? fmt::format("lamd.service is {} ({})", machine.service->active, machine.service->sub)
                            : "",
            .remedy = is_failed  ? "`systemctl reset-failed lamd && systemctl restart lamd.socket lamd`"
                      : is_there ? "`systemctl restart lamd`"
                                 : "`systemctl enable --now lamd`"};
}

/// The wrong socket was named, or another program has taken the place of lamd's.
Finding foreign(const Machine& machine, const Failure& failure) {
    const auto holder = holder_of(machine.socket);
    const bool is_systemd = !holder || holder->pid == 1;
    return {
        .cause = "socket_foreign",
        .place = machine.socket,
        .message = "what listens there does not answer as lamd does: " + failure.message,
        .evidence = holder ? describe(*holder) + " listens there" : "",
        .remedy = fmt::format("name lamd's socket: `lamctl --socket PATH doctor`; if this should be it: {}`systemctl "
                              "restart lamd.socket lamd`",
                              is_systemd ? "" : fmt::format("`kill {}`, ", holder->pid))};
}

/// What is wrong with a connection that failed, as the caller sees it.
Finding explain(const Machine& machine, const Failure& failure) {
    struct stat status{};
    if (const auto directory = closed_directory(machine.socket)) {
        return {.cause = "socket_permissions",
                .place = *directory,
                .message = fmt::format("{} may not connect to lamd: the directory is closed", machine.caller.name),
                .evidence = {},
                .remedy = fmt::format("`chmod 755 {}`", in_shell(*directory))};
    }
    const bool is_there = stat(machine.socket.c_str(), &status) == 0;
    switch (failure.code) {
        case ExitCode::not_running:
            return not_running(machine, is_there);
        case ExitCode::not_permitted:
            return shut(machine, status);
        case ExitCode::timed_out:
            return {.cause = "lamd_silent",
                    .place = machine.socket,
                    .message = "lamd takes connections and does not answer",
                    .evidence = failure.message,
                    .remedy = "`systemctl restart lamd`; please report it, with `journalctl -u lamd -n 200`"};
        default:
            return foreign(machine, failure);
    }
}

}  // namespace

Diagnosis look_at_socket(const Machine& machine) {
    Diagnosis diagnosis;
    const ActingAs caller(machine.caller);
    if (caller.is_other()) {
        diagnosis.unseen.push_back(
            fmt::format("only root can try what {} may do: run this with sudo", machine.caller.name));
        return diagnosis;
    }
    if (const auto connected = connect_to(machine.socket); !connected) {
        diagnosis.findings.push_back(explain(machine, connected.error()));
    } else if (const auto answer = ask_whether_it_lives(machine); !answer && is_no_answer(answer.error())) {
        diagnosis.findings.push_back(explain(machine, answer.error()));
    }
    return diagnosis;
}

}  // namespace lamd::lamctl::doctor
