// libmosquitto's handle of one connection, and its lists of properties, as owned values.
#pragma once

#include "base/result.h"
#include "base/secret.h"
#include "transport/mqtt/client.h"
#include "transport/mqtt/tls.h"

#include <boost/asio/ip/tcp.hpp>

#include <mosquitto.h>

#include <memory>
#include <string>

namespace lamd::transport::mqtt {

struct FreeHandle {
    void operator()(mosquitto* handle) const {
        mosquitto_destroy(handle);
    }
};
using Handle = std::unique_ptr<mosquitto, FreeHandle>;

/// What one connection needs; everything outlives it.
struct Attempt {
    const config::Broker& broker;
    const Settings& settings;
    asio::ip::tcp::endpoint endpoint;
    const Secret& password;
    Tls* tls = nullptr;  ///< nullptr: none
};

/// A handle with everything set but its callbacks, whose argument is `self`. The error names what libmosquitto does
/// not take (a will's topic, …).
[[nodiscard]] Result<Handle> make_handle(const Attempt& attempt, void* self);

class Properties {
public:
    Properties() = default;
    Properties(const Properties&) = delete;
    Properties& operator=(const Properties&) = delete;
    ~Properties() {
        mosquitto_property_free_all(&list_);
    }

    void add(const PublishOptions& options);

    [[nodiscard]] const mosquitto_property* get() const {
        return list_;
    }

private:
    mosquitto_property* list_ = nullptr;
};

/// Values of received properties, or `otherwise`.
[[nodiscard]] std::string text_of(const mosquitto_property* properties, int identifier);
[[nodiscard]] std::uint32_t number_of(const mosquitto_property* properties, int identifier, std::uint32_t otherwise);
[[nodiscard]] std::uint16_t short_of(const mosquitto_property* properties, int identifier, std::uint16_t otherwise);
[[nodiscard]] bool flag_of(const mosquitto_property* properties, int identifier, bool otherwise);

}  // namespace lamd::transport::mqtt
