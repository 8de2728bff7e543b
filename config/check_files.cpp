#include "config/check_files.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
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
    void problem(std::string message) {
        findings_.problems.push_back({.message = std::move(message)});
    }
    void warn(std::string message) {
        findings_.warnings.push_back({.message = std::move(message)});
    }

    void check_file(const std::string& where, const std::string& path, Sensitivity sensitivity) {
        struct stat status{};
        if (::stat(path.c_str(), &status) != 0) {
            const int code = errno;
            problem(fmt::format("{}: {}: {}; {}", where, path, std::generic_category().message(code),
                                code == ENOENT ? "create it or correct the name" : "let lamd's user reach it"));
            return;
        }
        if (!S_ISREG(status.st_mode)) {
            problem(fmt::format("{}: {} is not a file; name the file itself", where, path));
            return;
        }
        if (::faccessat(AT_FDCWD, path.c_str(), R_OK, AT_EACCESS) != 0) {
            problem(fmt::format("{}: {} cannot be read by user {}; chown it to the user that lamd runs as", where, path,
                                ::geteuid()));
        }
        if (status.st_size == 0) {
            problem(fmt::format("{}: {} is empty; write {} into it", where, path,
                                sensitivity == Sensitivity::none ? "the certificate" : "the secret"));
        }
        if (sensitivity != Sensitivity::none) {
            check_mode(where, path, status, sensitivity);
        }
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
        is_own_key ? problem(std::move(message)) : warn(std::move(message));
    }

    void check_agent(const std::string& where, const std::string& path) {
        struct stat status{};
        if (::stat(path.c_str(), &status) != 0) {
            warn(fmt::format("{}: {}: {}; start the agent, the tunnel waits for it", where, path,
                             std::generic_category().message(errno)));
        } else if (!S_ISSOCK(status.st_mode)) {
            problem(fmt::format("{}: {} is not a socket; name the one that ssh-agent -a made", where, path));
        }
    }

    void check_known_hosts(const std::string& where, const Tunnel& tunnel) {
        if (::faccessat(AT_FDCWD, tunnel.known_hosts.c_str(), R_OK, AT_EACCESS) != 0) {
            const std::string reason = std::generic_category().message(errno);
            const std::string port = tunnel.port == 22 ? "" : fmt::format("-p {} ", tunnel.port);
            warn(
                fmt::format("{}: {}: {}; the server's key is refused until it is in there: ssh-keyscan {}{} >> {}, and "
                            "compare the fingerprint with the server's own (ssh-keygen -lf)",
                            where, tunnel.known_hosts, reason, port, tunnel.host, tunnel.known_hosts));
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
    if (config.mqtt) {
        for (std::size_t index = 0; index < config.mqtt->brokers.size(); ++index) {
            checker.check(index, config.mqtt->brokers[index]);
        }
    }
    return checker.take();
}

}  // namespace lamd::config
