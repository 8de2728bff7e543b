#include "config/addresses.h"
#include "config/sections.h"
#include "config/text.h"
#include "config/values.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace lamd::config {
namespace {

using namespace std::chrono_literals;

struct Scheme {
    std::string_view prefix;
    bool is_tls;
    std::uint16_t port;
};
/// The ports that IANA has for MQTT and for MQTT over TLS.
constexpr std::array<Scheme, 2> kSchemes{{{"mqtt://", false, 1883}, {"mqtts://", true, 8883}}};

constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

Result<std::string> parse_site(const std::string& text) {
    constexpr std::size_t kLongest = 64;
    if (text.empty() || text.size() > kLongest || text.find_first_not_of(kLetters) != std::string::npos) {
        return Error{
            fmt::format("{} cannot be a site; write 1 to {} letters, digits, dots, - or _", in_quotes(text), kLongest)};
    }
    return text;
}

Result<std::string> parse_username(const std::string& text) {
    constexpr std::size_t kLongest = 255;
    if (text.empty() || text.size() > kLongest) {
        return Error{fmt::format("{} is not a user name; write 1 to {} bytes", in_quotes(text), kLongest)};
    }
    return text;
}

Result<Duration> parse_keepalive(const std::string& text) {
    Result<Duration> keepalive = between<Duration>(5s, 10min, parse_duration)(text);
    if (keepalive && *keepalive % 1s != Duration::zero()) {
        return Error{fmt::format("{} is no whole number of seconds, which is what MQTT counts", in_quotes(text))};
    }
    return keepalive;
}

struct Url {
    bool is_tls = false;
    TcpAddress address;
};

/// What follows the scheme.
Result<TcpAddress> parse_authority(const std::string& text, std::uint16_t default_port) {
    const std::size_t colon = text.rfind(':');
    const bool has_port = colon != std::string::npos && !text.ends_with(']');
    const std::string host = has_port ? text.substr(0, colon) : text;
    if (host.find(':') != std::string::npos && !host.starts_with('[')) {
        return Error{"an IPv6 address goes into brackets; write mqtt://[::1]:1883"};
    }
    const Result<std::string> parsed = parse_host(host);
    if (!parsed) {
        return parsed.error();
    }
    if (!has_port) {
        return TcpAddress{*parsed, default_port};
    }
    const Result<std::uint16_t> port = parse_port(text.substr(colon + 1));
    return port ? Result<TcpAddress>(TcpAddress{*parsed, *port}) : port.error();
}

Result<Url> parse_broker_url(const std::string& text) {
    const auto scheme = std::ranges::find_if(kSchemes, [&](const Scheme& one) { return text.starts_with(one.prefix); });
    if (text.find('@') != std::string::npos) {
        return Error{"the URL has credentials in it; write username: NAME and password_file: /PATH instead"};
    }
    if (scheme == kSchemes.end()) {
        return Error{
            fmt::format("{} is no URL of a broker; write mqtts://HOST:8883 or mqtt://HOST:1883", in_quotes(text))};
    }
    std::string authority = text.substr(scheme->prefix.size());
    if (authority.ends_with('/')) {
        authority.pop_back();
    }
    if (authority.find_first_of("/?#") != std::string::npos) {
        return Error{fmt::format("{} has a path in it, which brokers have none; leave it out", in_quotes(text))};
    }
    const Result<TcpAddress> address = parse_authority(authority, scheme->port);
    return address ? Result<Url>(Url{scheme->is_tls, *address}) : address.error().within(in_quotes(text));
}

void check_tls(Fields& fields, const Broker& broker) {
    for (const std::string_view key : {"ca_file", "certificate_file", "key_file"}) {
        if (!broker.is_tls && !broker.address.host.empty() && fields.has(key)) {
            fields.problem(key, "it belongs to TLS; write mqtts:// in url, or remove it");
        }
    }
    if (fields.has("certificate_file") && !fields.has("key_file")) {
        fields.problem("certificate_file", "its private key is missing; write key_file: /PATH");
    }
    if (fields.has("key_file") && !fields.has("certificate_file")) {
        fields.problem("key_file", "the certificate that it belongs to is missing; write certificate_file: /PATH");
    }
}

Broker read_broker(Fields& fields) {
    Broker broker;
    const auto file = [&fields](const std::string& text) { return resolve_path(text, fields.reading().environment); };
    fields.require("url", "url: mqtts://broker.example.org:8883");
    Url url;
    fields.read("url", url, parse_broker_url);
    broker.is_tls = url.is_tls;
    broker.address = url.address;
    fields.read("username", broker.username, parse_username);
    fields.read("password_file", broker.password_file, file);
    fields.read("ca_file", broker.ca_file, file);
    fields.read("certificate_file", broker.certificate_file, file);
    fields.read("key_file", broker.key_file, file);
    if (fields.has("password_file") && !fields.has("username")) {
        fields.problem("password_file", "there is no username that it belongs to; write username: NAME");
    }
    check_tls(fields, broker);
    fields.finish();
    return broker;
}

void add_broker(Fields& fields, std::vector<Broker>& brokers) {
    Broker broker = read_broker(fields);
    const auto same = std::ranges::find(brokers, broker.address, &Broker::address);
    if (same != brokers.end() && !broker.address.host.empty()) {
        fields.problem("url", fmt::format("brokers[{}] is at {} already; remove one of the two", same - brokers.begin(),
                                          to_string(broker.address)));
    }
    brokers.push_back(std::move(broker));
}

void read_brokers(Fields& mqtt, std::vector<Broker>& brokers) {
    mqtt.require("brokers", "brokers: and below it - url: mqtts://broker.example.org:8883");
    const Node* list = mqtt.find("brokers", Node::Kind::sequence);
    if (list == nullptr) {
        return;
    }
    if (list->children.empty()) {
        mqtt.problem("brokers", "there is none; add - url: mqtts://broker.example.org:8883, or remove mqtt");
    }
    for (const Node& item : list->children) {
        const std::string path = mqtt.item_path("brokers", *list, item);
        if (mqtt.expect(item, path, Node::Kind::mapping)) {
            Fields fields(item, path, mqtt.reading());
            add_broker(fields, brokers);
        }
    }
}

}  // namespace

void read_mqtt(Fields& file, std::optional<Mqtt>& mqtt) {
    const Node* node = file.find("mqtt", Node::Kind::mapping);
    if (node == nullptr) {
        return;
    }
    Fields fields(*node, file.path_of("mqtt"), file.reading());
    auto& to = mqtt.emplace();
    fields.read("site", to.site, parse_site);
    fields.read("keepalive", to.keepalive, parse_keepalive);
    read_brokers(fields, to.brokers);
    fields.finish();
}

}  // namespace lamd::config
