// Which host keys a server may show: a known_hosts file in OpenSSH's format (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT) or
// one pinned fingerprint. libssh2's own reader knows neither markers nor patterns nor line numbers, hence this one.
//
// Understood: several names per line, `*` `?` `!` patterns, `[host]:port`, hashed names (HMAC-SHA1), `@revoked`;
// `@cert-authority` lines are passed over, since libssh2 does not check certificates. A line that cannot be read is
// passed over too, as OpenSSH does.
#pragma once

#include "base/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace lamd::tunnel {

struct KnownKey {
    int line = 0;
    bool is_revoked = false;
    std::string algorithm;
    std::string blob;  ///< decoded: the key as on the wire
};

enum class HostKeyVerdict {
    known,
    unknown,      ///< no line names this host
    other_types,  ///< lines name this host, all of them with keys of other algorithms
    changed,      ///< a line names this host with another key of this algorithm
    revoked,
};

class KnownHosts {
public:
    /// The lines of `text` that name `host` (lower case, no brackets) at `port`.
    KnownHosts(std::string_view text, std::string_view host, int port);

    struct Finding {
        HostKeyVerdict verdict = HostKeyVerdict::unknown;
        int line = 0;  ///< of the key that matched, or of the first that did not
    };
    [[nodiscard]] Finding check(std::string_view algorithm, std::string_view blob) const;

    /// Host key algorithms in order of preference: those with a known key first, so that a server which has several
    /// keys shows one that can be checked.
    [[nodiscard]] std::vector<std::string> algorithms() const;

private:
    std::vector<KnownKey> keys_;
};

/// `host`, or `[host]:port` for a port other than 22: the name under which ssh-keyscan and ssh write it.
[[nodiscard]] std::string known_hosts_name(std::string_view host, int port);

}  // namespace lamd::tunnel
