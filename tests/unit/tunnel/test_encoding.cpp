#include "tunnel/ssh/encoding.h"

#include <gtest/gtest.h>

namespace lamd::tunnel::ssh {
namespace {

TEST(Base64, IsReadAndWritten) {
    for (const std::string text : {"", "f", "fo", "foo", "foob", "fooba", "foobar"}) {
        EXPECT_EQ(decode_base64(encode_base64(text)), text);
    }
    EXPECT_EQ(encode_base64("fo"), "Zm8=");
}

TEST(Base64, RefusesWhatIsNone) {
    for (const std::string_view text : {"Zm8", "Zm8=x", "====", "Zm\n8", "!!!!"}) {
        EXPECT_FALSE(decode_base64(text)) << text;
    }
}

TEST(Fingerprint, IsWhatSshKeygenPrints) {
    // ssh-keygen -l of this very key.
    const auto blob = decode_base64("AAAAC3NzaC1lZDI1NTE5AAAAIJ1mWcMdXGTlTtuuhJmFCTUFYPFFYDPtpUCvjIxLq2Nw");
    ASSERT_TRUE(blob);
    EXPECT_EQ(fingerprint(*blob), "SHA256:oRc09NtgPkt+UHc1c6l93cl276/7vweA0d+O2xK77R4");
}

TEST(Reader, ReadsTheFieldsOfAMessage) {
    std::string message(1, '\x0c');
    put_number(message, 0xfedcba98U);
    put_string(message, "ssh-rsa");
    Reader reader(message);
    EXPECT_EQ(reader.byte(), 12);
    EXPECT_EQ(reader.number(), 0xfedcba98U);
    EXPECT_EQ(reader.string(), "ssh-rsa");
    EXPECT_TRUE(reader.is_good());
}

TEST(Reader, AnswersNothingBeyondTheEnd) {
    std::string message;
    put_number(message, 100);
    message += "short";
    Reader reader(message);
    EXPECT_EQ(reader.string(), "");
    EXPECT_FALSE(reader.is_good());
    EXPECT_EQ(reader.number(), 0U);
    EXPECT_EQ(reader.byte(), 0);
}

}  // namespace
}  // namespace lamd::tunnel::ssh
