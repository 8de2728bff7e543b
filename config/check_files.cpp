#include "config/check_files.h"

#include "config/text.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace lamd::config {
namespace {

constexpr mode_t kOthers = 0007;
constexpr mode_t kNotOwner = 0077;

/// How much a file says to whoever reads it.
enum class Sensitivity { key, token, none };

/// Of the user as whom this runs, who is lamd's.
std::string user_name() {
    const passwd* entry = ::getpwuid(::geteuid());
    return entry != nullptr ? entry->pw_name : std::to_string(::geteuid());
}

/// The first directory on the way to a file that lets nobody through.
std::string closed_directory(const std::filesystem::path& path) {
    std::filesystem::path directory = "/";
    for (const auto& part : path.parent_path()) {
        directory /= part;
        if (::faccessat(AT_FDCWD, directory.c_str(), X_OK, AT_EACCESS) != 0) {
            return directory;
        }
    }
    return directory;
}

class Checker {
public:
    [[nodiscard]] FileFindings take() {
        return std::move(findings_);
    }

    void check(const Tunnel& tunnel) {
        const std::string where = fmt::format("tunnels.{}", tunnel.name);
        if (tunnel.identity) {
            check_file(where + ".identity", *tunnel.identity, Sensitivity::key);
        }
        if (tunnel.passphrase_file) {
            check_file(where + ".passphrase_file", *tunnel.passphrase_file, Sensitivity::key);
        }
        if (tunnel.agent) {
            check_agent(where + ".agent", *tunnel.agent);
        }
        if (!tunnel.host_key) {
            check_known_hosts(where + ".known_hosts", tunnel);
        }
    }

    void check(const Server& server) {
        if (server.api_key_file) {
            check_file(fmt::format("servers.{}.api_key_file", server.name), *server.api_key_file, Sensitivity::token);
        }
    }

    void check(const LegacyProject& project) {
        if (project.system_prompt_file) {
            check_file(fmt::format("worker.legacy.projects.{}.system_prompt_file", project.name),
                       *project.system_prompt_file, Sensitivity::none, "the prompt");
        }
    }

    void check(const Child& child) {
        const std::string& program = child.command.front();
        struct stat status{};
        if (::stat(program.c_str(), &status) != 0) {
            problem(fmt::format("worker.run.command: {}: {}; install it or correct the name", program,
                                std::generic_category().message(errno)),
                    "file_missing", "");
        } else if (!S_ISREG(status.st_mode) || ::faccessat(AT_FDCWD, program.c_str(), X_OK, AT_EACCESS) != 0) {
            problem(fmt::format("worker.run.command: {} is no program that user {} may run", program, ::geteuid()),
                    "file_unreadable", fmt::format("chmod a+rx {}", in_shell(program)));
        }
        if (::stat(child.directory.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
            problem(fmt::format("worker.run.directory: there is no directory {}", child.directory), "file_missing",
                    fmt::format("mkdir -p {}", in_shell(child.directory)));
        }
    }

    void check(std::size_t index, const Broker& broker) {
        const auto check_one = [&](std::string_view key, const std::optional<std::string>& path,
                                   Sensitivity sensitivity) {
            if (path) {
                check_file(fmt::format("mqtt.brokers[{}].{}", index, key), *path, sensitivity);
            }
        };
        check_one("password_file", broker.password_file, Sensitivity::key);
        check_one("ca_file", broker.ca_file, Sensitivity::none);
        check_one("certificate_file", broker.certificate_file, Sensitivity::none);
        check_one("key_file", broker.key_file, Sensitivity::key);
    }

private:
    void problem(std::string message, std::string cause, std::string remedy) {
        findings_.problems.push_back(
            {.message = std::move(message), .cause = std::move(cause), .remedy = std::move(remedy)});
    }
    void warn(std::string message, std::string cause, std::string remedy) {
        findings_.warnings.push_back(
            {.message = std::move(message), .cause = std::move(cause), .remedy = std::move(remedy)});
    }

    void check_file(const std::string& where, const std::string& path, Sensitivity sensitivity,
                    std::string_view content = "") {
        struct stat status{};
        if (::stat(path.c_str(), &status) != 0) {
            missing(where, path, sensitivity, errno);
            return;
        }
        if (!S_ISREG(status.st_mode)) {
            problem(fmt::format("{}: {} is not a file; name the file itself", where, path), "file_missing", "");
            return;
        }
        if (::faccessat(AT_FDCWD, path.c_str(), R_OK, AT_EACCESS) != 0) {
            problem(fmt::format("{}: {} cannot be read by user {}; chown it to the user that lamd runs as", where, path,
                                ::geteuid()),
                    "file_unreadable", fmt::format("chown {} {}", user_name(), in_shell(path)));
        }
        if (status.st_size == 0) {
            problem(fmt::format("{}: {} is empty; write {} into it", where, path,
                                !content.empty()                   ? content
                                : sensitivity == Sensitivity::none ? "the certificate"
                                                                   : "the secret"),
                    "file_empty", sensitivity == Sensitivity::none ? "" : writing(path));
        }
        if (sensitivity != Sensitivity::none) {
            check_mode(where, path, status, sensitivity);
        }
    }

    void missing(const std::string& where, const std::string& path, Sensitivity sensitivity, int code) {
        const bool is_key = where.ends_with(".identity");
        auto message = fmt::format("{}: {}: {}; {}", where, path, std::generic_category().message(code),
                                   code == ENOENT ? "create it or correct the name" : "let lamd's user reach it");
        if (code != ENOENT) {
            problem(std::move(message), "file_unreadable",
                    fmt::format("chmod a+x {}", in_shell(closed_directory(path))));
        } else if (is_key) {
            problem(std::move(message), "file_missing",
                    fmt::format("ssh-keygen -q -t ed25519 -N '' -f {0} && chown {1} {0}", in_shell(path), user_name()));
        } else {
            problem(std::move(message), "file_missing", sensitivity == Sensitivity::none ? "" : writing(path));
        }
    }

    /// Asks a person for a secret and writes it, for lamd's eyes only.
    static std::string writing(const std::string& path) {
        return fmt::format(
            R"((umask 077; read -rsp 'Secret: ' words && printf '%s\n' "$words" > {0}) && chown {1} {0})",
            in_shell(path), user_name());
    }

    /// The rule of ssh(1): a key of one's own must be one's own alone. A file that belongs to somebody else was set up
    /// by them (0640 root:lamd is usual), and only the whole world is too many.
    void check_mode(const std::string& where, const std::string& path, const struct stat& status,
                    Sensitivity sensitivity) {
        const bool is_own_key = sensitivity == Sensitivity::key && status.st_uid == ::geteuid();
        const mode_t excess = status.st_mode & (is_own_key ? kNotOwner : kOthers);
        if (excess == 0) {
            return;
        }
        std::string message = fmt::format("{}: {} is open to others (mode {:04o}); chmod {} {}", where, path,
                                          status.st_mode & 07777u, is_own_key ? "600" : "o-rwx", path);
        const auto remedy = fmt::format("chmod {} {}", is_own_key ? "600" : "o-rwx", in_shell(path));
        if (is_own_key) {
            problem(std::move(message), "file_open", remedy);
        } else {
            warn(std::move(message), "file_open", remedy);
        }
    }

    void check_agent(const std::string& where, const std::string& path) {
        struct stat status{};
        if (::stat(path.c_str(), &status) != 0) {
            warn(fmt::format("{}: {}: {}; start the agent, the tunnel waits for it", where, path,
                             std::generic_category().message(errno)),
                 "agent_missing", starting_agent(path));
        } else if (!S_ISSOCK(status.st_mode)) {
            problem(fmt::format("{}: {} is not a socket; name the one that ssh-agent -a made", where, path),
                    "agent_missing", "");
        }
    }

    /// The agent must be that of lamd's user, or lamd may not talk to it.
    static std::string starting_agent(const std::string& path) {
        const auto as_user = ::geteuid() == 0 ? std::string() : fmt::format("runuser -u {} -- ", user_name());
        return fmt::format("{0}ssh-agent -a {1} && SSH_AUTH_SOCK={1} ssh-add KEY", as_user, in_shell(path));
    }

    void check_known_hosts(const std::string& where, const Tunnel& tunnel) {
        if (::faccessat(AT_FDCWD, tunnel.known_hosts.c_str(), R_OK, AT_EACCESS) != 0) {
            const std::string reason = std::generic_category().message(errno);
            const std::string port = tunnel.port == 22 ? "" : fmt::format("-p {} ", tunnel.port);
            warn(
                fmt::format("{}: {}: {}; the server's key is refused until it is in there: ssh-keyscan {}{} >> {}, and "
                            "compare the fingerprint with the server's own (ssh-keygen -lf)",
                            where, tunnel.known_hosts, reason, port, tunnel.host, tunnel.known_hosts),
                "known_hosts_missing",
                fmt::format("ssh-keyscan {}{} >> {}", port, tunnel.host, in_shell(tunnel.known_hosts)));
        }
    }

    FileFindings findings_;
};

}  // namespace

FileFindings check_files(const Config& config) {
    Checker checker;
    for (const Tunnel& tunnel : config.tunnels) {
        checker.check(tunnel);
    }
    for (const Server& server : config.servers) {
        checker.check(server);
    }
    if (config.worker && config.worker->legacy) {
        for (const LegacyProject& project : config.worker->legacy->projects) {
            checker.check(project);
        }
    }
    if (config.worker && config.worker->run) {
        checker.check(*config.worker->run);
    }
    if (config.mqtt) {
        for (std::size_t index = 0; index < config.mqtt->brokers.size(); ++index) {
            checker.check(index, config.mqtt->brokers[index]);
        }
    }
    return checker.take();
}

}  // namespace lamd::config
