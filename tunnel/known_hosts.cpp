#include "tunnel/known_hosts.h"

#include "tunnel/ssh/encoding.h"

#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

namespace lamd::tunnel {

namespace {

constexpr int kDefaultPort = 22;

std::string_view next_word(std::string_view& rest) {
    const auto begin = rest.find_first_not_of(" \t");
    if (begin == std::string_view::npos) {
        rest = {};
        return {};
    }
    const auto end = rest.find_first_of(" \t\r", begin);
    const auto word = rest.substr(begin, end == std::string_view::npos ? end : end - begin);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end);
    return word;
}

// `|1|salt|hash`, both in base64.
bool is_hash_of(std::string_view field, std::string_view name) {
    const auto middle = field.find('|', 3);
    if (middle == std::string_view::npos) {
        return false;
    }
    const auto salt = ssh::decode_base64(field.substr(3, middle - 3));
    const auto hash = ssh::decode_base64(field.substr(middle + 1));
    return salt && hash && ssh::hmac_sha1(*salt, name) == *hash;
}

std::string lower(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return result;
}

bool matches_pattern(const std::string& pattern, const std::string& name) {
    // fnmatch() would take `[` for a set of characters; in known_hosts it is the bracket of `[host]:port`.
    std::string escaped;
    for (const char c : pattern) {
        escaped += c == '[' || c == ']' || c == '\\' ? std::string{'\\', c} : std::string{c};
    }
    return ::fnmatch(escaped.c_str(), name.c_str(), 0) == 0;
}

bool names_host(std::string_view names, const std::string& name) {
    if (names.starts_with("|1|")) {
        return is_hash_of(names, name);
    }
    bool is_named = false;
    while (!names.empty()) {
        const auto comma = names.find(',');
        auto pattern = lower(names.substr(0, comma));
        names = comma == std::string_view::npos ? std::string_view() : names.substr(comma + 1);
        const bool is_negated = pattern.starts_with('!');
        if (matches_pattern(is_negated ? pattern.substr(1) : pattern, name)) {
            if (is_negated) {
                return false;
            }
            is_named = true;
        }
    }
    return is_named;
}

std::optional<KnownKey> parse(std::string_view line, int number, const std::string& name) {
    KnownKey key{.line = number};
    auto word = next_word(line);
    if (word.empty() || word.starts_with('#')) {
        return std::nullopt;
    }
    if (word.starts_with('@')) {
        if (word != "@revoked") {
            return std::nullopt;
        }
        key.is_revoked = true;
        word = next_word(line);
    }
    if (!names_host(word, name)) {
        return std::nullopt;
    }
    key.algorithm = next_word(line);
    auto blob = ssh::decode_base64(next_word(line));
    if (!blob || blob->empty()) {
        return std::nullopt;
    }
    key.blob = std::move(*blob);
    return key;
}

}  // namespace

std::string known_hosts_name(std::string_view host, int port) {
    const auto name = lower(host);
    return port == kDefaultPort ? name : "[" + name + "]:" + std::to_string(port);
}

KnownHosts::KnownHosts(std::string_view text, std::string_view host, int port) {
    const auto name = known_hosts_name(host, port);
    for (int number = 1; !text.empty(); ++number) {
        const auto end = text.find('\n');
        if (auto key = parse(text.substr(0, end), number, name)) {
            keys_.push_back(std::move(*key));
        }
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    }
}

KnownHosts::Finding KnownHosts::check(std::string_view algorithm, std::string_view blob) const {
    Finding finding;
    for (const auto& key : keys_) {
        if (key.blob == blob && key.is_revoked) {
            return {HostKeyVerdict::revoked, key.line};  // wherever it stands, a revocation has the last word
        }
        if (key.is_revoked || finding.verdict == HostKeyVerdict::known) {
            continue;
        }
        if (key.blob == blob) {
            finding = {HostKeyVerdict::known, key.line};
        } else if (key.algorithm == algorithm && finding.verdict != HostKeyVerdict::changed) {
            finding = {HostKeyVerdict::changed, key.line};
        } else if (finding.verdict == HostKeyVerdict::unknown) {
            finding = {HostKeyVerdict::other_types, key.line};
        }
    }
    return finding;
}

std::vector<std::string> KnownHosts::algorithms() const {
    // An ssh-rsa key signs by SHA-2 first (RFC 8332); libssh2 1.10 knows only the last.
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kOrder{{
        {"ssh-ed25519", "ssh-ed25519"},
        {"ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256"},
        {"ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384"},
        {"ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521"},
        {"rsa-sha2-512", "ssh-rsa"},
        {"rsa-sha2-256", "ssh-rsa"},
        {"ssh-rsa", "ssh-rsa"},
    }};
    std::vector<std::string> known;
    std::vector<std::string> others;
    for (const auto& [algorithm, type] : kOrder) {
        const bool is_known = std::any_of(keys_.begin(), keys_.end(), [key_type = type](const auto& key) {
            return !key.is_revoked && key.algorithm == key_type;
        });
        (is_known ? known : others).emplace_back(algorithm);
    }
    known.insert(known.end(), others.begin(), others.end());
    return known;
}

}  // namespace lamd::tunnel
