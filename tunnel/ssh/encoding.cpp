#include "tunnel/ssh/encoding.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

namespace lamd::tunnel::ssh {

namespace {

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

std::optional<std::string> decode_base64(std::string_view text) {
    if (text.size() % 4 != 0) {
        return std::nullopt;
    }
    std::string decoded(text.size() / 4 * 3, '\0');
    const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(decoded.data()), bytes_of(text),
                                     static_cast<int>(text.size()));
    if (size < 0) {
        return std::nullopt;
    }
    const auto padding = text.size() - (text.find_last_not_of('=') + 1);
    if (padding > 2) {
        return std::nullopt;
    }
    decoded.resize(static_cast<std::size_t>(size) - padding);
    return decoded;
}

std::string encode_base64(std::string_view bytes) {
    std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
    const int size =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes_of(bytes), static_cast<int>(bytes.size()));
    text.resize(static_cast<std::size_t>(size));
    return text;
}

std::string hmac_sha1(std::string_view key, std::string_view data) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    HMAC(EVP_sha1(), key.data(), static_cast<int>(key.size()), bytes_of(data), data.size(), digest.data(), &size);
    return {reinterpret_cast<const char*>(digest.data()), size};
}

std::string fingerprint(std::string_view blob) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    EVP_Digest(blob.data(), blob.size(), digest.data(), &size, EVP_sha256(), nullptr);
    auto encoded = encode_base64({reinterpret_cast<const char*>(digest.data()), size});
    encoded.erase(encoded.find_last_not_of('=') + 1);
    return "SHA256:" + encoded;
}

std::string_view Reader::take(std::size_t size) {
    if (size > rest_.size()) {
        is_good_ = false;
        rest_ = {};
        return {};
    }
    const auto taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
}

std::uint8_t Reader::byte() {
    const auto taken = take(1);
    return taken.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(taken[0]);
}

std::uint32_t Reader::number() {
    std::uint32_t value = 0;
    for (const char c : take(4)) {
        value = (value << 8) | static_cast<unsigned char>(c);
    }
    return value;
}

std::string_view Reader::string() {
    return take(number());
}

void put_number(std::string& out, std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) {
        out += static_cast<char>(value >> shift);
    }
}

void put_string(std::string& out, std::string_view value) {
    put_number(out, static_cast<std::uint32_t>(value.size()));
    out += value;
}

}  // namespace lamd::tunnel::ssh
