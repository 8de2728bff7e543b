// TLS of one attempt to connect: who the broker has to be, and who we are. libmosquitto gets the context ready-made,
// because it says of a failed handshake only that it failed; this remembers why.
#pragma once

#include "base/result.h"
#include "config/config.h"
#include "transport/mqtt/failure.h"

#include <openssl/ssl.h>

#include <memory>
#include <optional>
#include <string>

namespace lamd::transport::mqtt {

class Tls {
public:
    /// The error is one of our own files (`ca_file`, `certificate_file`, `key_file`).
    [[nodiscard]] static Result<std::unique_ptr<Tls>> make(const config::Broker& broker);

    Tls(const Tls&) = delete;
    Tls& operator=(const Tls&) = delete;

    /// Refers to this object, which outlives every connection of it.
    [[nodiscard]] SSL_CTX* context() {
        return context_.get();
    }

    /// Why the handshake failed, as far as it is about certificates or versions.
    [[nodiscard]] std::optional<Failure> failure() const;

private:
    struct Free {
        void operator()(SSL_CTX* context) const {
            SSL_CTX_free(context);
        }
    };

    explicit Tls(const config::Broker& broker);

    [[nodiscard]] Result<void> load_files();
    void expect_host();

    static int on_verify(int is_good, X509_STORE_CTX* store);
    static void on_info(const SSL* connection, int where, int value);

    config::Broker broker_;
    std::unique_ptr<SSL_CTX, Free> context_;
    int verify_error_ = X509_V_OK;
    int alert_ = -1;  ///< the fatal one that the broker sent (RFC 8446, 6)
};

}  // namespace lamd::transport::mqtt
