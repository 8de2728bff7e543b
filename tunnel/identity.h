// The private key of a tunnel as read from its file: its text for libssh2, and what can be told of it without
// deciphering it.
#pragma once

#include "base/result.h"
#include "base/secret.h"

#include <optional>
#include <string>

namespace lamd::tunnel {

struct Identity {
    std::string path;
    Secret text;
    Secret passphrase;
    std::string algorithm;    ///< `ssh-ed25519`, `ssh-rsa`, …; empty where the format does not tell
    std::string public_blob;  ///< empty where the format does not tell
    bool is_encrypted = false;
};

/// Reads the key and, when there is one, the first line of the passphrase file.
[[nodiscard]] Result<Identity> read_identity(const std::string& path,
                                             const std::optional<std::string>& passphrase_file);

/// What an encrypted key tells as well; empty where the file or its format does not.
[[nodiscard]] Identity read_public_part(const std::string& path);

/// libssh2 before 1.11 signs with RSA keys by SHA-1 only, which sshd refuses since OpenSSH 8.8. The sentence that says
/// so, with the remedy, when this key and the libssh2 in use are such a pair.
[[nodiscard]] std::optional<std::string> rsa_limitation(const Identity& identity);

}  // namespace lamd::tunnel
