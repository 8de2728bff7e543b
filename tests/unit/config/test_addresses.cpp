#include "config/addresses.h"

#include "tests/unit/config/support.h"

#include <gtest/gtest.h>

namespace lamd::config {
namespace {

using test::error_of;
using testing::HasSubstr;
using testing::Not;

TEST(ParsePort, IsOneTo65535) {
    EXPECT_EQ(parse_port("1").value(), 1);
    EXPECT_EQ(parse_port("65535").value(), 65535);
    for (const char* text : {"0", "65536", "-1", "ssh", "22.0", ""}) {
        EXPECT_THAT(error_of(parse_port(text)), HasSubstr("is not a port; ports are numbers from 1 to 65535")) << text;
    }
}

TEST(ParseHost, TakesNamesAndAddressesOfBothFamilies) {
    for (const char* text : {"b", "b.example.org", "b.example.org.", "B_1-2", "192.0.2.1", "::1", "2001:db8::1",
                             "fe80::1%eth0", "1st.example.org"}) {
        EXPECT_EQ(error_of(parse_host(text)), "no error") << text;
    }
    EXPECT_EQ(parse_host("[2001:db8::1]").value(), "2001:db8::1");
}

TEST(ParseHost, SaysWhereTheRestBelongs) {
    EXPECT_THAT(error_of(parse_host("lam@b.example.org")), HasSubstr("write the user under its own key"));
    EXPECT_THAT(error_of(parse_host("b.example.org:22")), HasSubstr("write the port under its own key"));
    EXPECT_THAT(error_of(parse_host("ssh://b.example.org")), HasSubstr("is a URL"));
}

TEST(ParseHost, RefusesWhatIsNone) {
    for (const char* text : {"", "a b", "-oProxyCommand=x", ".b", "a..b", "192.0.2.300", "192.0.2", "::g", "[b]", "b/c",
                             "ä.example.org", "1:2:3", "[]"}) {
        EXPECT_THAT(error_of(parse_host(text)), HasSubstr("is neither a host name nor an IP address")) << text;
    }
    EXPECT_FALSE(parse_host(std::string(254, 'a')));
    EXPECT_TRUE(parse_host(std::string(253, 'a')));
}

TEST(ParseTcpAddress, TakesABarePortAsOneOfThisMachine) {
    EXPECT_EQ(parse_tcp_address("8080").value(), (TcpAddress{"127.0.0.1", 8080}));
}

TEST(ParseTcpAddress, TakesAddressesWithAPort) {
    EXPECT_EQ(parse_tcp_address("localhost:1").value(), (TcpAddress{"localhost", 1}));
    EXPECT_EQ(parse_tcp_address("0.0.0.0:65535").value(), (TcpAddress{"0.0.0.0", 65535}));
    EXPECT_EQ(parse_tcp_address("[::1]:8080").value(), (TcpAddress{"::1", 8080}));
}

TEST(ParseTcpAddress, ExplainsWhatIsMissing) {
    EXPECT_THAT(error_of(parse_tcp_address("localhost")), HasSubstr("has no port; write 127.0.0.1:8080"));
    EXPECT_THAT(error_of(parse_tcp_address("::1")), HasSubstr("has no port"));
    EXPECT_THAT(error_of(parse_tcp_address("[::1]")), HasSubstr("has no port"));
    EXPECT_THAT(error_of(parse_tcp_address("")), HasSubstr("has no port"));
    EXPECT_THAT(error_of(parse_tcp_address("2001:db8::1:99999")), HasSubstr("goes into brackets"));
    EXPECT_THAT(error_of(parse_tcp_address(":8080")), HasSubstr("has no address"));
    EXPECT_THAT(error_of(parse_tcp_address("*:8080")), HasSubstr("0.0.0.0 for all of IPv4"));
    EXPECT_THAT(error_of(parse_tcp_address("localhost:http")), HasSubstr("\"http\" is not a port"));
    EXPECT_THAT(error_of(parse_tcp_address("a b:80")), HasSubstr("is neither a host name nor"));
    EXPECT_THAT(error_of(parse_tcp_address("localhost:0")), HasSubstr("from 1 to 65535"));
    EXPECT_THAT(error_of(parse_tcp_address("99999")), HasSubstr("from 1 to 65535"));
}

TEST(ParseRemote, MayLeaveThePortToTheServer) {
    EXPECT_EQ(parse_remote("127.0.0.1:0").value(), (TcpAddress{"127.0.0.1", 0}));
    EXPECT_EQ(parse_remote("0").value(), (TcpAddress{"127.0.0.1", 0}));
    EXPECT_THAT(error_of(parse_remote("65536")), HasSubstr("from 0 to 65535"));
    EXPECT_THAT(error_of(parse_remote("unix:/run/x")), HasSubstr("is not a port"));
}

TEST(ParseTarget, TakesTcpAndUnixSockets) {
    EXPECT_EQ(parse_target("[::1]:8080").value(), Address(TcpAddress{"::1", 8080}));
    EXPECT_EQ(parse_target("unix:/run/llama.sock").value(), Address(UnixAddress{"/run/llama.sock"}));
    EXPECT_THAT(error_of(parse_target("unix:llama.sock")),
                HasSubstr("\"unix:llama.sock\": \"llama.sock\" is not an absolute"));
    EXPECT_THAT(error_of(parse_target("/run/llama.sock")), HasSubstr("has no port"));
    EXPECT_THAT(error_of(parse_target("127.0.0.1:0")), HasSubstr("from 1 to 65535"));
}

TEST(AddressText, IsReadBackAsTheSame) {
    for (const Address& address :
         {Address(TcpAddress{"::1", 8080}), Address(TcpAddress{"localhost", 1}), Address(UnixAddress{"/run/x"})}) {
        EXPECT_EQ(parse_target(to_string(address)).value(), address);
    }
    EXPECT_EQ(to_string(TcpAddress{"::1", 8080}), "[::1]:8080");
    EXPECT_EQ(to_string(TcpAddress{"192.0.2.1", 80}), "192.0.2.1:80");
}

TEST(ParseBaseUrl, TakesHttpHttpsAndUnix) {
    for (const char* text : {"http://127.0.0.1:8080", "https://llm.example.org", "http://[::1]:8080", "http://[::1]",
                             "https://llm.example.org/base/path", "unix:/run/llama.sock"}) {
        EXPECT_EQ(parse_base_url(text).value(), text);
    }
}

TEST(ParseBaseUrl, RemovesTrailingSlashes) {
    EXPECT_EQ(parse_base_url("http://h:1/").value(), "http://h:1");
    EXPECT_EQ(parse_base_url("http://h:1/base//").value(), "http://h:1/base");
}

TEST(ParseBaseUrl, SaysWhatIsWrong) {
    EXPECT_THAT(error_of(parse_base_url("127.0.0.1:8080")), HasSubstr("did you mean http://127.0.0.1:8080?"));
    EXPECT_THAT(error_of(parse_base_url("8080")), HasSubstr("write http://HOST:PORT"));
    EXPECT_THAT(error_of(parse_base_url("ftp://h")), HasSubstr("is no URL"));
    EXPECT_THAT(error_of(parse_base_url("http://h/v1")), HasSubstr("leave it out"));
    EXPECT_THAT(error_of(parse_base_url("http://h/v1/")), HasSubstr("leave it out"));
    EXPECT_THAT(error_of(parse_base_url("http://h/?a=b")), HasSubstr("is not a base URL"));
    EXPECT_THAT(error_of(parse_base_url("http://h/a b")), HasSubstr("is not a base URL"));
    EXPECT_THAT(error_of(parse_base_url("http://h/#x")), HasSubstr("is not a base URL"));
    EXPECT_THAT(error_of(parse_base_url("http://h/ä")), HasSubstr("percent-encode"));
    EXPECT_THAT(error_of(parse_base_url("http://")), HasSubstr("is neither a host name"));
    EXPECT_THAT(error_of(parse_base_url("http://h:0")), HasSubstr("is not a port"));
    EXPECT_THAT(error_of(parse_base_url("http://h:")), HasSubstr("is not a port"));
    EXPECT_THAT(error_of(parse_base_url("http://::1:8080")), HasSubstr("goes into brackets"));
    EXPECT_THAT(error_of(parse_base_url("unix:x")), HasSubstr("is not an absolute file name"));
    EXPECT_THAT(error_of(parse_base_url("unix:///run/x")), HasSubstr("is not an absolute file name"));
}

TEST(ParseBaseUrl, DoesNotRepeatCredentials) {
    for (const char* text : {"http://u:hunter2@h/", "https://hunter2@h", "u:hunter2@h:80"}) {
        const std::string error = error_of(parse_base_url(text));
        EXPECT_NE(error, "no error");
        EXPECT_THAT(error, Not(HasSubstr("hunter2")));
    }
}

TEST(ParsePath, IsAbsolute) {
    EXPECT_EQ(parse_path("/etc/lamd/id").value(), "/etc/lamd/id");
    EXPECT_THAT(error_of(parse_path("~/.ssh/id")), HasSubstr("~ is not expanded"));
    EXPECT_THAT(error_of(parse_path("id")), HasSubstr("not an absolute file name"));
    EXPECT_THAT(error_of(parse_path("/" + std::string(4095, 'a'))), HasSubstr("4096 bytes long"));
    EXPECT_TRUE(parse_path("/" + std::string(4094, 'a')));
    EXPECT_THAT(error_of(parse_path("/a\nb")), HasSubstr("line end"));
}

TEST(ParsePath, DoesNotRepeatWhatMayBeASecret) {
    EXPECT_THAT(error_of(parse_path("sk-hunter2")), Not(HasSubstr("hunter2")));
}

TEST(ParseSocketPath, FitsIntoASocketAddress) {
    EXPECT_TRUE(parse_socket_path("/" + std::string(106, 'a')));
    EXPECT_THAT(error_of(parse_socket_path("/" + std::string(107, 'a'))), HasSubstr("at most 107"));
    EXPECT_THAT(error_of(parse_socket_path("run/x")), HasSubstr("is not an absolute file name"));
    EXPECT_THAT(error_of(parse_socket_path("/run/a\nb")), HasSubstr("is not an absolute file name"));
}

TEST(ParseFingerprint, IsWhatSshKeygenPrints) {
    const std::string fingerprint = "SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8";
    EXPECT_EQ(parse_fingerprint(fingerprint).value(), fingerprint);
    for (const std::string& text : {fingerprint + "=", fingerprint.substr(0, 49), "MD5:" + fingerprint, std::string(),
                                    fingerprint.substr(0, 49) + "*", fingerprint.substr(7)}) {
        EXPECT_THAT(error_of(parse_fingerprint(text)), HasSubstr("ssh-keygen -lf")) << text;
    }
}

}  // namespace
}  // namespace lamd::config
