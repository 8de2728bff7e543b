// The encodings of SSH files and messages: base64, SSH strings (RFC 4251, 5), digests. OpenSSL behind.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lamd::tunnel::ssh {

/// nullopt: not base64.
[[nodiscard]] std::optional<std::string> decode_base64(std::string_view text);

[[nodiscard]] std::string encode_base64(std::string_view bytes);

[[nodiscard]] std::string hmac_sha1(std::string_view key, std::string_view data);

/// `SHA256:…` without padding, as ssh-keygen -l prints it.
[[nodiscard]] std::string fingerprint(std::string_view blob);

/// Reads the fields of a message; after a field that is not there everything is empty and is_good() is false.
class Reader {
public:
    explicit Reader(std::string_view bytes) : rest_(bytes) {}

    [[nodiscard]] std::uint8_t byte();
    [[nodiscard]] std::uint32_t number();
    [[nodiscard]] std::string_view string();
    [[nodiscard]] bool is_good() const {
        return is_good_;
    }

private:
    [[nodiscard]] std::string_view take(std::size_t size);

    std::string_view rest_;
    bool is_good_ = true;
};

void put_number(std::string& out, std::uint32_t value);
void put_string(std::string& out, std::string_view value);

}  // namespace lamd::tunnel::ssh
