#include "transport/mqtt/session.h"

#include <mqtt_protocol.h>

#include <algorithm>
#include <utility>

namespace lamd::transport::mqtt {

// Within a callback libmosquitto must not be destroyed, and what is published is only queued: everything that concerns
// others waits until the call that led here is over (deliver()).

void Session::set_callbacks() {
    mosquitto_connect_v5_callback_set(handle_.get(), &Session::on_connect);
    mosquitto_disconnect_v5_callback_set(handle_.get(), &Session::on_disconnect);
    mosquitto_subscribe_v5_callback_set(handle_.get(), &Session::on_subscribe);
    mosquitto_publish_v5_callback_set(handle_.get(), &Session::on_publish);
    mosquitto_message_v5_callback_set(handle_.get(), &Session::on_message);
}

void Session::on_connect(mosquitto*, void* self, int reason, int, const mosquitto_property* properties) {
    Session& session = of(self);
    if (reason != MQTT_RC_SUCCESS) {
        session.refusal_ =
            connection_refused(reason, text_of(properties, MQTT_PROP_REASON_STRING), session.attempt_.broker);
        return;
    }
    const Limits most;
    session.is_answered_ = true;
    session.round_trip_ = session.clock_.now() - session.began_;
    session.limits_ = {
        .packet = std::min<std::size_t>(most.packet, number_of(properties, MQTT_PROP_MAXIMUM_PACKET_SIZE, UINT32_MAX)),
        .receive_maximum = short_of(properties, MQTT_PROP_RECEIVE_MAXIMUM, most.receive_maximum),
        .has_retain = flag_of(properties, MQTT_PROP_RETAIN_AVAILABLE, true),
    };
    session.subscribe();
}

void Session::subscribe() {
    for (const Subscription& subscription : attempt_.settings.subscriptions) {
        int id = 0;
        const int code =
            mosquitto_subscribe_v5(handle_.get(), &id, subscription.filter.c_str(), subscription.qos, 0, nullptr);
        if (code != MOSQ_ERR_SUCCESS) {
            refusal_ =
                Failure{Cause::refused, {"subscribe to " + subscription.filter + ": " + mosquitto_strerror(code), ""}};
            return;
        }
        open_subscriptions_.emplace(id, subscription.filter);
    }
    if (open_subscriptions_.empty()) {
        progress_.set();
    }
}

void Session::on_subscribe(mosquitto*, void* self, int id, int count, const int* granted, const mosquitto_property*) {
    Session& session = of(self);
    const auto found = session.open_subscriptions_.find(id);
    if (found == session.open_subscriptions_.end()) {
        return;
    }
    const int reason = count > 0 ? granted[0] : kFirstRefusal;
    if (reason >= kFirstRefusal) {
        session.refused_.push_back(subscription_refused(found->second, reason, session.attempt_.broker));
    }
    session.open_subscriptions_.erase(found);
    if (session.open_subscriptions_.empty()) {
        session.progress_.set();
    }
}

void Session::on_publish(mosquitto*, void* self, int id, int reason, const mosquitto_property*) {
    Session& session = of(self);
    const auto found = session.unacknowledged_.find(id);
    if (found == session.unacknowledged_.end()) {
        return;  // QoS 0
    }
    session.round_trip_ = session.clock_.now() - found->second.sent;
    session.unacknowledged_bytes_ -= found->second.size;
    if (reason >= kFirstRefusal) {
        session.refused_.push_back(publish_refused(found->second.topic, reason, session.attempt_.broker));
    }
    session.unacknowledged_.erase(found);
    if (session.unacknowledged_.empty()) {
        session.acknowledged_.set();
    }
}

void Session::on_message(mosquitto*, void* self, const mosquitto_message* message,
                         const mosquitto_property* properties) {
    const auto* const bytes = static_cast<const char*>(message->payload);
    const auto size = static_cast<std::size_t>(message->payloadlen);
    of(self).received_.push_back({.topic = message->topic,
                                  .payload = bytes == nullptr ? std::string() : std::string(bytes, size),
                                  .response_topic = text_of(properties, MQTT_PROP_RESPONSE_TOPIC),
                                  .is_retained = message->retain});
}

// `reason` is the broker's, or an error of libmosquitto's own (below 0x80) that the call returns as well.
void Session::on_disconnect(mosquitto*, void* self, int reason, const mosquitto_property* properties) {
    Session& session = of(self);
    if (reason >= kFirstRefusal && !session.refusal_) {
        session.refusal_ =
            connection_ended(reason, text_of(properties, MQTT_PROP_REASON_STRING), session.attempt_.broker);
    }
}

}  // namespace lamd::transport::mqtt
