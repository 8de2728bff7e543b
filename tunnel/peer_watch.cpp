#include "tunnel/peer_watch.h"

#include <algorithm>

namespace lamd::tunnel {

PeerWatch::Next PeerWatch::next(Instant now) const {
    if (waiting_since_ && now - *waiting_since_ >= patience_) {
        return {Verdict::dead, now};
    }
    const auto last = is_beating_ ? last_probe_ : std::max(last_received_, last_probe_);
    const auto due = last + probe_after_;
    if (is_suspect_ || now >= due) {
        return {Verdict::probe, now};
    }
    return {Verdict::wait, waiting_since_ ? std::min(due, *waiting_since_ + patience_) : due};
}

}  // namespace lamd::tunnel
