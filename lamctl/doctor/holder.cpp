#include "lamctl/doctor/holder.h"

#include "lamctl/connect.h"
#include "lamctl/files.h"
#include "lamctl/text.h"

#include <fmt/format.h>
#include <sys/socket.h>

namespace lamd::lamctl::doctor {

std::optional<Holder> holder_of(const ListeningSocket& socket) {
    const auto pid = owner_of(socket);
    return pid ? std::optional(process_named(*pid)) : std::nullopt;
}

Holder process_named(pid_t pid) {
    const auto cgroup = read_text(fmt::format("/proc/{}/cgroup", pid));
    return {pid, program_name(pid), cgroup ? parse_unit(*cgroup) : std::string()};
}

std::optional<Holder> holder_of(const std::string& socket) {
    const auto connection = connect_to(socket);
    ucred peer{};
    socklen_t size = sizeof peer;
    if (!connection || getsockopt(connection->get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.pid == 0) {
        return std::nullopt;
    }
    return process_named(peer.pid);
}

std::string parse_unit(std::string_view cgroup) {
    constexpr std::string_view kSuffix = ".service";
    const auto line = trimmed(cgroup.substr(0, cgroup.find('\n')));
    if (!line.starts_with("0::/system.slice/") || !line.ends_with(kSuffix)) {
        return {};
    }
    return std::string(line.substr(line.rfind('/') + 1));
}

std::string describe(const Holder& holder) {
    return fmt::format("{} (pid {}{}{})", holder.program, holder.pid, holder.unit.empty() ? "" : ", ", holder.unit);
}

}  // namespace lamd::lamctl::doctor
