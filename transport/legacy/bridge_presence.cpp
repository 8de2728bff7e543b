#include "transport/legacy/bridge_presence.h"

namespace lamd::transport::legacy {

namespace {

constexpr Duration kStatusLate = std::chrono::seconds(35);  ///< it comes every 30 s
constexpr Duration kSilent = std::chrono::seconds(75);

}  // namespace

BridgePresence::State BridgePresence::state(Instant now) const {
    if (is_offline_) {
        return State::offline;
    }
    if (!heard_) {
        return State::unknown;
    }
    return now >= *heard_ + kSilent ? State::silent : State::online;
}

bool BridgePresence::is_doubtful(Instant now) const {
    return is_offline_ || !heard_ || now >= *heard_ + kStatusLate;
}

}  // namespace lamd::transport::legacy
