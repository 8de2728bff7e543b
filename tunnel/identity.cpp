#include "tunnel/identity.h"

#include "tunnel/ssh/encoding.h"
#include "tunnel/ssh/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

namespace lamd::tunnel {

namespace {

constexpr std::streamsize kLargestKeyFile = 64 * 1024;

Result<std::string> read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        return Error{"open ", path, ": ", std::strerror(errno)};
    }
    std::string text(static_cast<std::size_t>(kLargestKeyFile), '\0');
    file.read(text.data(), kLargestKeyFile);
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (text.empty() || file.bad()) {
        return Error{"read ", path, ": it is empty or cannot be read"};
    }
    return text;
}

std::string without_line_ends(std::string_view text) {
    std::string joined;
    std::copy_if(text.begin(), text.end(), std::back_inserter(joined), [](char c) { return c != '\n' && c != '\r'; });
    return joined;
}

// The head of OpenSSH's own format (PROTOCOL.key) is not encrypted: cipher, KDF and the public key.
void read_openssh_head(std::string_view text, Identity& identity) {
    constexpr std::string_view kBegin = "-----BEGIN OPENSSH PRIVATE KEY-----";
    constexpr std::string_view kMagic("openssh-key-v1\0", 15);
    const auto begin = text.find(kBegin);
    const auto end = text.find("-----END", begin == std::string_view::npos ? 0 : begin + kBegin.size());
    if (begin == std::string_view::npos || end == std::string_view::npos) {
        return;
    }
    const auto from = begin + kBegin.size();
    const auto bytes = ssh::decode_base64(without_line_ends(text.substr(from, end - from)));
    if (!bytes || !bytes->starts_with(kMagic)) {
        return;
    }
    ssh::Reader reader(std::string_view(*bytes).substr(kMagic.size()));
    identity.is_encrypted = reader.string() != "none";
    static_cast<void>(reader.string());  // KDF
    static_cast<void>(reader.string());  // its options
    static_cast<void>(reader.number());  // number of keys
    identity.public_blob = reader.string();
    identity.algorithm = ssh::Reader(identity.public_blob).string();
}

}  // namespace

Result<Identity> read_identity(const std::string& path, const std::optional<std::string>& passphrase_file) {
    auto text = read_file(path);
    if (!text) {
        return text.error().within("the tunnel's private key");
    }
    Identity identity{.path = path};
    read_openssh_head(*text, identity);
    if (identity.algorithm.empty()) {
        identity.is_encrypted = text->find("ENCRYPTED") != std::string::npos;
        identity.algorithm = text->find("BEGIN RSA PRIVATE KEY") != std::string::npos ? "ssh-rsa" : "";
    }
    if (passphrase_file) {
        const auto phrase = read_file(*passphrase_file);
        if (!phrase) {
            return phrase.error().within("the passphrase of " + path);
        }
        identity.passphrase = Secret(phrase->substr(0, phrase->find_first_of("\r\n")));
    }
    identity.text = Secret(std::move(*text));
    if (identity.is_encrypted && identity.passphrase.is_empty()) {
        return Error{"the tunnel's private key ", path, " is encrypted and no passphrase_file is given"};
    }
    return identity;
}

Identity read_public_part(const std::string& path) {
    Identity identity{.path = path};
    if (const auto text = read_file(path)) {
        read_openssh_head(*text, identity);
    }
    return identity;
}

std::optional<std::string> rsa_limitation(const Identity& identity) {
    if (identity.algorithm != "ssh-rsa" || ssh::has_rsa_sha2()) {
        return std::nullopt;
    }
    return fmt::format(
        "{0} is an RSA key, and {1} can sign with RSA by SHA-1 only, which OpenSSH has refused since 8.8: use an "
        "ed25519 key, `mv {0} {0}.rsa && ssh-keygen -q -t ed25519 -N '' -f {0}`, or libssh2 1.11 (Debian 13)",
        identity.path, ssh::library_version());
}

}  // namespace lamd::tunnel
