#include "daemon/presences.h"

#include "api/codec.h"

#include <algorithm>
#include <string>

namespace lamd::daemon {
namespace {

constexpr std::size_t kLongest = 128;
constexpr std::size_t kMostPorts = 16;

// Printable ASCII without spaces: a name, an address.
bool is_plain(const std::string& text) {
    return !text.empty() && text.size() <= kLongest &&
           std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

bool is_address(const std::string& text) {
    const auto colon = text.rfind(':');
    return is_plain(text) && colon != std::string::npos && colon > 0 && colon + 1 < text.size() &&
           text.find_first_of("/?#@") == std::string::npos &&
           std::all_of(text.begin() + static_cast<std::ptrdiff_t>(colon) + 1, text.end(),
                       [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

Presences::Stay::Stay(Presences& presences, api::Presence presence)
    : presences_(presences), place_(presences_.here_.insert(presences_.here_.end(), std::move(presence))) {
    presences_.on_change_();
}

Presences::Stay::~Stay() {
    presences_.here_.erase(place_);
    presences_.on_change_();
}

Result<api::Presence> read_presence(std::string_view json) {
    auto presence = api::decode<api::Presence>(json);
    if (!presence) {
        return presence;
    }
    if (!is_plain(presence->name) || presence->tunnel.size() > kLongest || presence->host.size() > kLongest ||
        presence->client.size() > kLongest) {
        return Error{"/name: expected a name of at most 128 characters"};
    }
    if (presence->ports.empty() || presence->ports.size() > kMostPorts ||
        !std::ranges::all_of(presence->ports, is_address)) {
        return Error{"/ports: expected 1 to 16 addresses such as 127.0.0.1:8080"};
    }
    return presence;
}

}  // namespace lamd::daemon
