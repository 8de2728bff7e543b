#include "transport/mqtt/tls.h"

#include <fmt/format.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <boost/asio/ip/address.hpp>

#include <new>

namespace lamd::transport::mqtt {

namespace {

bool is_literal(const std::string& host) {
    boost::system::error_code error;
    boost::asio::ip::make_address(host, error);
    return !error;
}

/// The newest of OpenSSL's errors, in its words.
std::string reason() {
    const unsigned long code = ERR_peek_last_error();
    const char* const text = code == 0 ? nullptr : ERR_reason_error_string(code);
    ERR_clear_error();
    return text == nullptr ? "OpenSSL does not say why" : text;
}

Error unusable(std::string_view key, const std::string& path) {
    return Error{fmt::format("{} {}: {}", key, path, reason())};
}

Tls& owner(const SSL* connection) {
    return *static_cast<Tls*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(connection)));
}

std::string remedy_of_verification(int error, const config::Broker& broker) {
    switch (error) {
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return "renew the broker's certificate; if it is still valid, set this machine's clock";
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return "set this machine's clock, or wait for the certificate to become valid";
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH:
            return fmt::format(
                "write the name that the certificate is for into url, or have {} put into the certificate",
                broker.address.host);
        default:
            return broker.ca_file
                       ? fmt::format("put the CA that signed the broker's certificate into {}", *broker.ca_file)
                       : "name the CA that signed the broker's certificate: ca_file: /PATH";
    }
}

Failure refused_by_alert(int alert, const config::Broker& broker) {
    const std::string what =
        fmt::format("{} refuses the TLS handshake: {}", to_string(broker), SSL_alert_desc_string_long(alert));
    switch (alert) {
        case SSL_AD_BAD_CERTIFICATE:
        case SSL_AD_UNSUPPORTED_CERTIFICATE:
        case SSL_AD_CERTIFICATE_REVOKED:
        case SSL_AD_CERTIFICATE_EXPIRED:
        case SSL_AD_CERTIFICATE_UNKNOWN:
        case SSL_AD_UNKNOWN_CA:
        case SSL_AD_ACCESS_DENIED:
            return {Cause::certificate,
                    {what,
                     "give lamd a client certificate that the broker accepts: "
                     "certificate_file and key_file"}};
        case SSL_AD_CERTIFICATE_REQUIRED:
        case SSL_AD_HANDSHAKE_FAILURE:  // how TLS 1.2 says that it wants a certificate
            return {Cause::certificate,
                    {what,
                     "the broker may want a client certificate: write certificate_file and "
                     "key_file"}};
        case SSL_AD_PROTOCOL_VERSION:
            return {Cause::refused, {what, "let the broker speak TLS 1.2 or newer"}};
        default:
            return {Cause::protocol, {what, "look at the broker's log"}};
    }
}

}  // namespace

Tls::Tls(const config::Broker& broker) : broker_(broker), context_(SSL_CTX_new(TLS_client_method())) {
    if (!context_) {
        throw std::bad_alloc();
    }
    SSL_CTX* const context = context_.get();
    SSL_CTX_set_app_data(context, this);
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, &Tls::on_verify);
    SSL_CTX_set_info_callback(context, &Tls::on_info);
    // Without it, OpenSSL would ask for the passphrase of a key at the terminal.
    SSL_CTX_set_default_passwd_cb(context, [](char*, int, int, void*) { return 0; });
    expect_host();
}

void Tls::expect_host() {
    X509_VERIFY_PARAM* const parameters = SSL_CTX_get0_param(context_.get());
    const std::string& host = broker_.address.host;
    if (is_literal(host)) {
        X509_VERIFY_PARAM_set1_ip_asc(parameters, host.c_str());
    } else {
        X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        X509_VERIFY_PARAM_set1_host(parameters, host.data(), host.size());
    }
}

Result<std::unique_ptr<Tls>> Tls::make(const config::Broker& broker) {
    ERR_clear_error();
    std::unique_ptr<Tls> tls(new Tls(broker));
    if (const Result<void> loaded = tls->load_files(); !loaded) {
        return loaded.error();
    }
    return tls;
}

Result<void> Tls::load_files() {
    SSL_CTX* const context = context_.get();
    if (!broker_.ca_file) {
        SSL_CTX_set_default_verify_paths(context);
    } else if (SSL_CTX_load_verify_file(context, broker_.ca_file->c_str()) != 1) {
        return unusable("ca_file", *broker_.ca_file);
    }
    if (!broker_.certificate_file || !broker_.key_file) {
        return {};
    }
    if (SSL_CTX_use_certificate_chain_file(context, broker_.certificate_file->c_str()) != 1) {
        return unusable("certificate_file", *broker_.certificate_file);
    }
    if (SSL_CTX_use_PrivateKey_file(context, broker_.key_file->c_str(), SSL_FILETYPE_PEM) != 1) {
        return unusable("key_file", *broker_.key_file);
    }
    return {};
}

std::optional<Failure> Tls::failure() const {
    if (verify_error_ != X509_V_OK) {
        return Failure{Cause::certificate,
                       {fmt::format("the certificate of {} is not accepted: {}", to_string(broker_),
                                    X509_verify_cert_error_string(verify_error_)),
                        remedy_of_verification(verify_error_, broker_)}};
    }
    if (alert_ >= 0) {
        return refused_by_alert(alert_, broker_);
    }
    return std::nullopt;
}

int Tls::on_verify(int is_good, X509_STORE_CTX* store) {
    if (is_good == 0) {
        const auto* const connection =
            static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
        owner(connection).verify_error_ = X509_STORE_CTX_get_error(store);
    }
    return is_good;
}

// libmosquitto connects to an address and would send that as the server's name (RFC 6066, 3, wants the name, and no
// address); nothing has been sent yet when a handshake starts.
void Tls::on_info(const SSL* connection, int where, int value) {
    Tls& tls = owner(connection);
    if (where == SSL_CB_HANDSHAKE_START) {
        const std::string& host = tls.broker_.address.host;
        std::string name = is_literal(host) ? "" : host;
        SSL_ctrl(const_cast<SSL*>(connection), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                 name.empty() ? nullptr : name.data());
    }
    constexpr int kFatal = SSL3_AL_FATAL << 8;
    if (where == SSL_CB_READ_ALERT && (value & 0xFF00) == kFatal) {
        tls.alert_ = value & 0xFF;
    }
}

}  // namespace lamd::transport::mqtt
