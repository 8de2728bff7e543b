#include "transport/mqtt/handle.h"

#include <fmt/format.h>
#include <mqtt_protocol.h>

#include <algorithm>
#include <cstdlib>
#include <new>

namespace lamd::transport::mqtt {

namespace {

constexpr int kMostInFlight = 65535;  // 3.1.2.11.3; the broker's own limit is in the CONNACK and is kept

std::size_t varint_size(std::size_t value) {  // 1.5.5
    std::size_t size = 1;
    while (value >= 128) {
        value /= 128;
        ++size;
    }
    return size;
}

void initialise_library() {
    static const int initialised = mosquitto_lib_init();
    static_cast<void>(initialised);
}

Result<void> set_will(mosquitto* handle, const Will& will) {
    const int code = mosquitto_will_set_v5(handle, will.topic.c_str(), static_cast<int>(will.payload.size()),
                                           will.payload.data(), 1, will.is_retained, nullptr);
    if (code != MOSQ_ERR_SUCCESS) {
        return Error{fmt::format("set the will {}: {}", will.topic, mosquitto_strerror(code))};
    }
    return {};
}

void set_options(mosquitto* handle) {
    mosquitto_int_option(handle, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
    mosquitto_int_option(handle, MOSQ_OPT_TCP_NODELAY, 1);
    mosquitto_int_option(handle, MOSQ_OPT_RECEIVE_MAXIMUM, kMostInFlight);
    mosquitto_int_option(handle, MOSQ_OPT_SEND_MAXIMUM, kMostInFlight);
}

}  // namespace

Result<Handle> make_handle(const Attempt& attempt, void* self) {
    initialise_library();
    Handle handle(mosquitto_new(attempt.settings.client_id.c_str(), true, self));
    if (!handle) {
        return Error{fmt::format("the client id \"{}\" cannot be used", attempt.settings.client_id)};
    }
    set_options(handle.get());
    if (!attempt.broker.username.empty()) {
        const std::string password(attempt.password.reveal());
        const bool has_password = attempt.broker.password_file.has_value();
        mosquitto_username_pw_set(handle.get(), attempt.broker.username.c_str(),
                                  has_password ? password.c_str() : nullptr);
    }
    if (attempt.tls != nullptr) {
        mosquitto_int_option(handle.get(), MOSQ_OPT_SSL_CTX_WITH_DEFAULTS, 0);
        mosquitto_void_option(handle.get(), MOSQ_OPT_SSL_CTX, attempt.tls->context());
    }
    if (attempt.settings.will) {
        if (const Result<void> set = set_will(handle.get(), *attempt.settings.will); !set) {
            return set.error();
        }
    }
    return handle;
}

void Properties::add(const PublishOptions& options) {
    if (!options.response_topic.empty()) {
        const std::string topic(options.response_topic);
        mosquitto_property_add_string(&list_, MQTT_PROP_RESPONSE_TOPIC, topic.c_str());
    }
    if (options.expiry) {
        mosquitto_property_add_int32(&list_, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL,
                                     static_cast<std::uint32_t>(options.expiry->count()));
    }
}

std::string text_of(const mosquitto_property* properties, int identifier) {
    char* value = nullptr;
    if (mosquitto_property_read_string(properties, identifier, &value, false) == nullptr || value == nullptr) {
        return {};
    }
    const std::unique_ptr<char, decltype(&std::free)> owned(value, &std::free);
    return owned.get();
}

std::uint32_t number_of(const mosquitto_property* properties, int identifier, std::uint32_t otherwise) {
    std::uint32_t value = otherwise;
    mosquitto_property_read_int32(properties, identifier, &value, false);
    return value;
}

std::uint16_t short_of(const mosquitto_property* properties, int identifier, std::uint16_t otherwise) {
    std::uint16_t value = otherwise;
    mosquitto_property_read_int16(properties, identifier, &value, false);
    return value;
}

bool flag_of(const mosquitto_property* properties, int identifier, bool otherwise) {
    std::uint8_t value = otherwise ? 1 : 0;
    mosquitto_property_read_byte(properties, identifier, &value, false);
    return value != 0;
}

std::size_t packet_size(std::string_view topic, std::size_t payload, const PublishOptions& options) {
    const std::size_t response = options.response_topic.empty() ? 0 : 3 + options.response_topic.size();
    const std::size_t properties = response + (options.expiry ? 5 : 0);
    const std::size_t identifier = options.qos > 0 ? 2 : 0;
    const std::size_t rest = 2 + topic.size() + identifier + varint_size(properties) + properties + payload;
    return 1 + varint_size(rest) + rest;
}

// The size of the size grows with the payload.
std::size_t payload_room(std::string_view topic, std::size_t limit, const PublishOptions& options) {
    const std::size_t overhead = packet_size(topic, 0, options);
    std::size_t room = limit - std::min(limit, overhead);
    while (room > 0 && packet_size(topic, room, options) > limit) {
        --room;
    }
    return room;
}

}  // namespace lamd::transport::mqtt
