#include "tunnel/known_hosts.h"

#include "tunnel/ssh/encoding.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace lamd::tunnel {
namespace {

using Verdict = HostKeyVerdict;

std::string blob_of(std::string_view algorithm, std::string_view what) {
    std::string blob;
    ssh::put_string(blob, algorithm);
    ssh::put_string(blob, what);
    return blob;
}

const std::string kEd25519 = blob_of("ssh-ed25519", "first");
const std::string kOtherEd25519 = blob_of("ssh-ed25519", "second");
const std::string kEcdsa = blob_of("ecdsa-sha2-nistp256", "third");

std::string line(std::string_view names, const std::string& blob) {
    return fmt::format("{} {} {} a comment\n", names, ssh::Reader(blob).string(), ssh::encode_base64(blob));
}

KnownHosts::Finding check(const std::string& text, const std::string& blob, std::string_view host = "b.example.org",
                          int port = 22) {
    return KnownHosts(text, host, port).check(ssh::Reader(blob).string(), blob);
}

TEST(KnownHosts, KnowsAKeyByItsHost) {
    EXPECT_EQ(check(line("b.example.org", kEd25519), kEd25519).verdict, Verdict::known);
    EXPECT_EQ(check(line("b.example.org", kEd25519), kEd25519, "c.example.org").verdict, Verdict::unknown);
    EXPECT_EQ(check("", kEd25519).verdict, Verdict::unknown);
}

TEST(KnownHosts, ReadsNamesWithoutRegardToCaseAndListsAndPatterns) {
    for (const auto* names :
         {"B.Example.ORG", "a.example.org,b.example.org,192.0.2.1", "*.example.org", "b?example.org"}) {
        EXPECT_EQ(check(line(names, kEd25519), kEd25519, "B.EXAMPLE.org").verdict, Verdict::known) << names;
    }
    EXPECT_EQ(check(line("*.example.org,!b.example.org", kEd25519), kEd25519).verdict, Verdict::unknown);
    EXPECT_EQ(check(line("!b.example.org,*.example.org", kEd25519), kEd25519).verdict, Verdict::unknown);
}

TEST(KnownHosts, KeepsPortsApart) {
    const auto text = line("[b.example.org]:2222", kEd25519);
    EXPECT_EQ(check(text, kEd25519, "b.example.org", 2222).verdict, Verdict::known);
    EXPECT_EQ(check(text, kEd25519, "b.example.org", 22).verdict, Verdict::unknown);
    EXPECT_EQ(check(line("b.example.org", kEd25519), kEd25519, "b.example.org", 2222).verdict, Verdict::unknown);
    EXPECT_EQ(check(line("[2001:db8::1]:2222", kEd25519), kEd25519, "2001:db8::1", 2222).verdict, Verdict::known);
}

TEST(KnownHosts, ReadsHashedNames) {
    const std::string salt = "twenty bytes of salt";
    const auto hashed = [&](std::string_view name) {
        return fmt::format("|1|{}|{}", ssh::encode_base64(salt), ssh::encode_base64(ssh::hmac_sha1(salt, name)));
    };
    EXPECT_EQ(check(line(hashed("b.example.org"), kEd25519), kEd25519).verdict, Verdict::known);
    EXPECT_EQ(check(line(hashed("[b.example.org]:2222"), kEd25519), kEd25519, "b.example.org", 2222).verdict,
              Verdict::known);
    EXPECT_EQ(check(line(hashed("c.example.org"), kEd25519), kEd25519).verdict, Verdict::unknown);
    EXPECT_EQ(check(line("|1|broken", kEd25519), kEd25519).verdict, Verdict::unknown);
}

TEST(KnownHosts, SaysWhichLineHasAnotherKey) {
    const auto finding = check("# comment\n\n" + line("b.example.org", kOtherEd25519), kEd25519);
    EXPECT_EQ(finding.verdict, Verdict::changed);
    EXPECT_EQ(finding.line, 3);
}

TEST(KnownHosts, TellsAnotherTypeOfKeyFromAChangedOne) {
    EXPECT_EQ(check(line("b.example.org", kEcdsa), kEd25519).verdict, Verdict::other_types);
    EXPECT_EQ(check(line("b.example.org", kEcdsa) + line("b.example.org", kOtherEd25519), kEd25519).verdict,
              Verdict::changed);
}

TEST(KnownHosts, FindsTheRightOneAmongSeveral) {
    const auto text =
        line("b.example.org", kOtherEd25519) + line("b.example.org", kEcdsa) + line("b.example.org", kEd25519);
    EXPECT_EQ(check(text, kEd25519).verdict, Verdict::known);
    EXPECT_EQ(check(text, kEd25519).line, 3);
}

TEST(KnownHosts, LetsARevocationHaveTheLastWord) {
    const auto good = line("b.example.org", kEd25519);
    const auto revoked = "@revoked " + line("*", kEd25519);
    EXPECT_EQ(check(good + revoked, kEd25519).verdict, Verdict::revoked);
    EXPECT_EQ(check(revoked + good, kEd25519).verdict, Verdict::revoked);
    EXPECT_EQ(check(good + revoked, kEd25519).line, 2);
    EXPECT_EQ(check("@revoked " + line("*", kOtherEd25519) + good, kEd25519).verdict, Verdict::known);
}

TEST(KnownHosts, PassesOverWhatItCannotRead) {
    const auto text = "@cert-authority " + line("*", kEd25519) + "b.example.org\nb.example.org ssh-ed25519\n" +
                      "b.example.org ssh-ed25519 !!!\n@strange " + line("*", kEd25519);
    EXPECT_EQ(check(text, kEd25519).verdict, Verdict::unknown);
}

TEST(KnownHosts, ReadsALastLineWithoutAnEndAndWindowsLineEnds) {
    auto text = line("b.example.org", kEd25519);
    text.pop_back();
    EXPECT_EQ(check(text, kEd25519).verdict, Verdict::known);
    EXPECT_EQ(check(text + "\r\n", kEd25519).verdict, Verdict::known);
}

TEST(KnownHosts, AsksForKnownTypesFirst) {
    const auto all = KnownHosts("", "b.example.org", 22).algorithms();
    EXPECT_EQ(all.front(), "ssh-ed25519");
    const auto ecdsa_first = KnownHosts(line("b.example.org", kEcdsa), "b.example.org", 22).algorithms();
    EXPECT_EQ(ecdsa_first.front(), "ecdsa-sha2-nistp256");
    EXPECT_EQ(ecdsa_first.size(), all.size());
    const auto rsa = blob_of("ssh-rsa", "fourth");
    EXPECT_EQ(KnownHosts(line("b.example.org", rsa), "b.example.org", 22).algorithms().front(), "rsa-sha2-512");
    const auto revoked = "@revoked " + line("b.example.org", kEcdsa);
    EXPECT_EQ(KnownHosts(revoked, "b.example.org", 22).algorithms().front(), "ssh-ed25519");
}

}  // namespace
}  // namespace lamd::tunnel
