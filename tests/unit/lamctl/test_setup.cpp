#include "lamctl/setup.h"

#include <gmock/gmock.h>

namespace lamd::lamctl {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string kKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ lamd@gpu";

TEST(Setup, GivesAKeyItsPortsAndNothingElse) {
    EXPECT_EQ(*authorized_line({"127.0.0.1:8080"}, kKey),
              "restrict,port-forwarding,permitlisten=\"127.0.0.1:8080\" " + kKey);
    EXPECT_EQ(*authorized_line({"127.0.0.1:1", "[::1]:2"}, "  " + kKey + "\n"),
              "restrict,port-forwarding,permitlisten=\"127.0.0.1:1\",permitlisten=\"[::1]:2\" " + kKey);
}

TEST(Setup, GivesAKeyItsGuard) {
    const auto command = guard_command("/usr/bin/lamctl", "attic");
    ASSERT_TRUE(command);
    EXPECT_EQ(*authorized_line({"127.0.0.1:8080"}, kKey, *command),
              "command=\"/usr/bin/lamctl tunnel-guard --name attic\",restrict,port-forwarding,"
              "permitlisten=\"127.0.0.1:8080\" " +
                  kKey);
    for (const auto* name : {"", "a b", "-a", "a\"b", "$(id)", "A"}) {
        EXPECT_FALSE(guard_command("/usr/bin/lamctl", name)) << name;
    }
    EXPECT_FALSE(guard_command("/opt/my tools/lamctl", "attic"));
    EXPECT_FALSE(guard_command("/opt/\"/lamctl", "attic"));
}

TEST(Setup, CallsAKeyAsItsCommentDoes) {
    EXPECT_EQ(key_name(kKey), "gpu");
    EXPECT_EQ(key_name("ssh-ed25519 AAAAC3 lamd@attic"), "attic");
    EXPECT_EQ(key_name("ssh-ed25519 AAAAC3 attic"), "attic");
    EXPECT_EQ(key_name("ssh-ed25519 AAAAC3"), "gpu");
    EXPECT_EQ(key_name("ssh-ed25519 AAAAC3 me@"), "gpu");
    EXPECT_EQ(key_name("ssh-ed25519 AAAAC3 me@\"x"), "gpu");
}

TEST(Setup, TakesNothingForAKeyThatIsNone) {
    for (const auto* text :
         {"", "ssh-ed25519", "ssh-ed25519 x", "-----BEGIN OPENSSH PRIVATE KEY-----", "ssh-dss AAAAB3 x",
          "command=\"x\" ssh-ed25519 AAAAC3 x", "ssh-ed25519 AAAAC3 x\nssh-ed25519 AAAAC4 y"}) {
        EXPECT_FALSE(authorized_line({"127.0.0.1:8080"}, text)) << text;
    }
}

TEST(Setup, PutsALineInOnce) {
    const std::string line = *authorized_line({"127.0.0.1:8080"}, kKey);
    EXPECT_EQ(with_line("", line), line + "\n");
    EXPECT_EQ(with_line("# mine\nssh-rsa AAAAother me", line), "# mine\nssh-rsa AAAAother me\n" + line + "\n");
    const std::string wide = *authorized_line({"127.0.0.1:1", "127.0.0.1:2"}, kKey);
    EXPECT_EQ(with_line("# a\n" + line + "\nssh-rsa AAAAother me\n" + kKey + "\n", wide),
              "# a\n" + wide + "\nssh-rsa AAAAother me\n");
    EXPECT_THAT(with_line("#" + kKey + "\n", line), HasSubstr("#" + kKey + "\n"));
}

TEST(Setup, WritesAConfigurationForEachMachine) {
    GpuMachine gpu;
    gpu.name = "attic";
    gpu.host = "b.example.org";
    EXPECT_THAT(make_config(gpu), HasSubstr("    host: \"b.example.org\"\n    port: 22\n    user: \"lam\"\n"));
    EXPECT_THAT(make_config(gpu),
                HasSubstr("      - remote: 127.0.0.1:8080    # on the web server\n        target: worker\n"));
    WebServer web;
    EXPECT_THAT(make_config(web), HasSubstr("servers:\n  \"gpu\":\n    sse: http://127.0.0.1:8080"));
    EXPECT_THAT(make_config(web), Not(HasSubstr("socket:")));
    web.group = "www-data";
    EXPECT_THAT(make_config(web), HasSubstr("socket:\n  group: \"www-data\""));
}

}  // namespace
}  // namespace lamd::lamctl
