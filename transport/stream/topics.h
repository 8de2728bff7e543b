// The topics of the protocol over MQTT (docs/protocol.md).
#pragma once

#include <string>
#include <string_view>

namespace lamd::transport::stream {

inline std::string worker_topic(std::string_view site, std::string_view worker, std::string_view leaf) {
    return std::string("lam/v1/").append(site).append("/w/").append(worker).append("/").append(leaf);
}

/// What the reply topics of a site's gateways begin with.
inline std::string reply_root(std::string_view site) {
    return std::string("lam/v1/").append(site).append("/c/");
}

inline std::string reply_topic(std::string_view site, std::string_view client, std::string_view epoch) {
    return reply_root(site).append(client).append("/").append(epoch).append("/r");
}

}  // namespace lamd::transport::stream
