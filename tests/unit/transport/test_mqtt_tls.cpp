#include "tests/unit/transport/mqtt_client_fixture.h"

#include <fmt/format.h>

namespace lamd::transport::mqtt {
namespace {

using testing::HasSubstr;

/// A broker that speaks TLS, with two authorities that know nothing of each other.
struct MqttTls : MqttClient {
    std::unique_ptr<Mosquitto> broker;

    static std::string authority(const std::string& name) {
        return fmt::format(
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout {0}.key "
            "-out {0}.crt -subj /CN={0} -days 30",
            name);
    }
    static std::string certificate(const std::string& name, const std::string& ca, int days, const std::string& names) {
        return fmt::format(
            "printf 'subjectAltName={3}\\n' >{0}.ext && openssl req -new -newkey ec -pkeyopt "
            "ec_paramgen_curve:prime256v1 -nodes -keyout {0}.key -out {0}.csr -subj /CN={0} && openssl "
            "x509 -req -in {0}.csr -CA {1}.crt -CAkey {1}.key -CAcreateserial -days {2} -extfile "
            "{0}.ext -out {0}.crt",
            name, ca, days, names);
    }

    void start(int days = 30, const std::string& names = "DNS:localhost,IP:127.0.0.1", bool wants_client = false) {
        broker =
            std::make_unique<Mosquitto>(fmt::format("allow_anonymous true\ncafile @/ca.crt\ncertfile "
                                                    "@/server.crt\nkeyfile @/server.key\nrequire_certificate {}\n",
                                                    wants_client));
        const auto& folder = broker->folder();
        folder.run("sed -i \"s|@|$PWD|\" mosquitto.conf && " + authority("ca") + " && " + authority("other"));
        folder.run(certificate("server", "ca", days, names));
        folder.run(certificate("client", "ca", 30, "DNS:client"));
        folder.run(certificate("stranger", "other", 30, "DNS:client"));
        broker->start();
    }

    [[nodiscard]] Settings to(const std::string& ca = "ca", const std::string& host = "127.0.0.1") const {
        Settings made = settings({at(broker->port(), host)}, "peer", {{"t"}});
        made.config.brokers[0].is_tls = true;
        made.config.brokers[0].ca_file = broker->folder().path(ca + ".crt");
        return made;
    }
    [[nodiscard]] Settings as(const std::string& client) const {
        Settings made = to();
        made.config.brokers[0].certificate_file = broker->folder().path(client + ".crt");
        made.config.brokers[0].key_file = broker->folder().path(client + ".key");
        return made;
    }

    void expect_denial(const Settings& settings, const std::string& message, const std::string& remedy) {
        Peer& peer = add(settings);
        EXPECT_TRUE(reaches(peer, State::denied)) << to_string(peer.state());
        EXPECT_THAT(peer.trouble().message, HasSubstr(message));
        EXPECT_THAT(peer.trouble().remedy, HasSubstr(remedy));
    }
};

TEST_F(MqttTls, CarriesMessages) {
    start();
    Peer& peer = connect(to());
    EXPECT_EQ(peer.publish("t", std::string(200'000, 'x')), "");
    for (int i = 0; i < 50; ++i) {
        EXPECT_EQ(peer.publish("t", std::to_string(i)), "");
    }
    ASSERT_TRUE(run_until([&] { return peer.messages.size() == 51; }));
    EXPECT_EQ(peer.messages[0].payload.size(), 200'000U);
    EXPECT_EQ(peer.messages[50].payload, "49");
    Settings by_name = to("ca", "localhost");
    by_name.client_id = "other";
    connect(by_name);
    broker->kill();
    EXPECT_TRUE(run_until([&] { return peer.disconnects == 1; }, 1s));
}

TEST_F(MqttTls, RefusesAnExpiredCertificate) {
    start(-1);
    expect_denial(to(), "is not accepted: certificate has expired", "renew the broker's certificate");
}

TEST_F(MqttTls, RefusesAnUnknownAuthority) {
    start();
    expect_denial(to("other"), "is not accepted: ", "put the CA that signed the broker's certificate into ");
    Settings made = to();
    made.config.brokers[0].ca_file.reset();
    expect_denial(made, "is not accepted: ", "name the CA that signed the broker's certificate: ca_file");
}

TEST_F(MqttTls, RefusesAnotherHost) {
    start(30, "DNS:broker.example.org,IP:127.0.0.2");
    expect_denial(to(), "IP address mismatch", "write the name that the certificate is for into url");
    expect_denial(to("ca", "localhost"), "hostname mismatch", "or have localhost put into the certificate");
}

TEST_F(MqttTls, ShowsItsCertificate) {
    start(30, "DNS:localhost,IP:127.0.0.1", true);
    Settings known = as("client");
    known.client_id = "known";
    connect(known);
    expect_denial(to(), "refuses the TLS handshake: ", "certificate_file and key_file");
    expect_denial(as("stranger"), "refuses the TLS handshake: ", "certificate that the broker accepts");
}

TEST_F(MqttTls, NamesFilesThatItCannotUse) {
    start();
    expect_denial(to("none"), "ca_file " + broker->folder().path("none.crt") + ": ", "correct the file");
    Settings made = as("client");
    made.config.brokers[0].key_file = broker->folder().path("stranger.key");
    expect_denial(made, "key_file " + *made.config.brokers[0].key_file + ": key values mismatch", "correct the file");
}

TEST_F(MqttTls, NamesAPortThatSpeaksNoTls) {
    Mosquitto plain;
    plain.start();
    Settings made = settings({at(plain.port())}, "peer", {});
    made.config.brokers[0].is_tls = true;
    Peer& peer = add(made);
    ASSERT_TRUE(reaches(peer, State::backing_off));
    EXPECT_THAT(peer.trouble().remedy, HasSubstr("port"));
}

TEST_F(MqttTls, NamesAPortThatSpeaksOnlyTls) {
    start();
    Peer& peer = add(settings({at(broker->port())}, "peer", {}));
    ASSERT_TRUE(reaches(peer, State::backing_off));
    EXPECT_THAT(peer.trouble().remedy, HasSubstr("write mqtts://"));
}

TEST_F(MqttTls, NamesARefusedConnection) {
    start();
    broker->kill();
    Peer& peer = add(to());
    ASSERT_TRUE(reaches(peer, State::backing_off));
    EXPECT_THAT(peer.trouble().message, HasSubstr("Connection refused"));
}

}  // namespace
}  // namespace lamd::transport::mqtt
