#include "tunnel/identity.h"

#include "tunnel/ssh/encoding.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace lamd::tunnel {
namespace {

using testing::HasSubstr;

class IdentityFile : public testing::Test {
protected:
    IdentityFile() {
        std::string pattern = testing::TempDir() + "lamd-identity-XXXXXX";
        folder_ = ::mkdtemp(pattern.data());
    }
    ~IdentityFile() override {
        std::filesystem::remove_all(folder_);
    }
    std::string write(const std::string& name, const std::string& text) {
        const auto path = folder_ / name;
        std::ofstream(path, std::ios::binary) << text;
        return path;
    }

private:
    std::filesystem::path folder_;
};

// The unencrypted head of OpenSSH's format, which is all that is read here.
std::string openssh_key(std::string_view cipher, std::string_view algorithm) {
    std::string blob;
    ssh::put_string(blob, algorithm);
    ssh::put_string(blob, "public part");
    std::string bytes("openssh-key-v1\0", 15);
    ssh::put_string(bytes, cipher);
    ssh::put_string(bytes, cipher == "none" ? "none" : "bcrypt");
    ssh::put_string(bytes, "");
    ssh::put_number(bytes, 1);
    ssh::put_string(bytes, blob);
    auto text = ssh::encode_base64(bytes);
    for (std::size_t at = 70; at < text.size(); at += 71) {
        text.insert(at, "\n");
    }
    return fmt::format("-----BEGIN OPENSSH PRIVATE KEY-----\n{}\n-----END OPENSSH PRIVATE KEY-----\n", text);
}

TEST_F(IdentityFile, TellsTheKeysTypeWithoutDecipheringIt) {
    const auto identity =
        read_identity(write("key", openssh_key("aes256-ctr", "ssh-ed25519")), write("phrase", "sesame\n"));
    ASSERT_TRUE(identity);
    EXPECT_EQ(identity->algorithm, "ssh-ed25519");
    EXPECT_EQ(ssh::Reader(identity->public_blob).string(), "ssh-ed25519");
    EXPECT_TRUE(identity->is_encrypted);
    EXPECT_EQ(identity->passphrase.reveal(), "sesame");
}

TEST_F(IdentityFile, AsksForThePassphraseOfAnEncryptedKey) {
    const auto identity = read_identity(write("key", openssh_key("aes256-ctr", "ssh-ed25519")), std::nullopt);
    ASSERT_FALSE(identity);
    EXPECT_THAT(identity.error().message, HasSubstr("passphrase_file"));
}

TEST_F(IdentityFile, SaysWhichFileIsMissing) {
    const auto identity = read_identity("/nonexistent/key", std::nullopt);
    ASSERT_FALSE(identity);
    EXPECT_THAT(identity.error().message, HasSubstr("/nonexistent/key"));
    const auto phrase = read_identity(write("key", openssh_key("none", "ssh-ed25519")), "/nonexistent/phrase");
    ASSERT_FALSE(phrase);
    EXPECT_THAT(phrase.error().message, HasSubstr("/nonexistent/phrase"));
}

TEST_F(IdentityFile, RefusesAnEmptyFile) {
    EXPECT_FALSE(read_identity(write("key", ""), std::nullopt));
}

TEST_F(IdentityFile, ReadsTheTypeOfAnOldPemKey) {
    const auto identity = read_identity(write("key", "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n"), std::nullopt);
    ASSERT_TRUE(identity);
    EXPECT_EQ(identity->algorithm, "ssh-rsa");
    EXPECT_FALSE(identity->is_encrypted);
}

TEST_F(IdentityFile, WarnsOfRsaExactlyWhereThisLibsshCannotUseIt) {
    const auto rsa = read_identity(write("rsa", openssh_key("none", "ssh-rsa")), std::nullopt);
    const auto ed25519 = read_identity(write("ed", openssh_key("none", "ssh-ed25519")), std::nullopt);
    ASSERT_TRUE(rsa && ed25519);
    EXPECT_FALSE(rsa_limitation(*ed25519));
    const auto warning = rsa_limitation(*rsa);
    if (warning) {
        EXPECT_THAT(*warning, HasSubstr("libssh2 1.10"));
        EXPECT_THAT(*warning, HasSubstr("ed25519"));
    }
}

}  // namespace
}  // namespace lamd::tunnel
