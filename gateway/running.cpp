#include "gateway/running.h"

#include <algorithm>
#include <utility>

namespace lamd::gateway {

namespace {

constexpr std::size_t kEnded = 1000;
constexpr Duration kResumable = std::chrono::seconds(60);  // a worker keeps a stream for so long after its end

bool is_of(const api::StreamStatus& stream, std::optional<std::uint32_t> uid) {
    return !uid || stream.uid == *uid;
}

bool can_be_resumed(const api::StreamStatus& stream) {
    return stream.is_resumable && (stream.state == "left" || stream.state == "finished");
}

}  // namespace

void Running::leave(RunningAnswer& answer, api::StreamStatus last, Instant now) {
    std::erase(answers_, &answer);
    forget(last.id);
    const auto place = ended_.insert(ended_.end(), {std::move(last), now});
    by_id_.emplace(place->status.id, place);
    if (ended_.size() > kEnded) {
        forget(ended_.front().status.id);
    }
}

void Running::forget(std::string_view id) {
    if (const auto known = by_id_.find(id); known != by_id_.end()) {
        const auto place = known->second;
        by_id_.erase(known);  // its key lies in what follows
        ended_.erase(place);
    }
}

std::vector<api::StreamStatus> Running::report(std::optional<std::uint32_t> uid, Instant now) const {
    std::vector<api::StreamStatus> streams;
    for (const auto* answer : answers_) {
        auto stream = answer->report();
        if (is_of(stream, uid)) {
            streams.push_back(std::move(stream));
        }
    }
    for (const auto& [stream, at] : ended_) {
        const bool is_there = std::ranges::find(streams, stream.id, &api::StreamStatus::id) != streams.end();
        if (is_of(stream, uid) && can_be_resumed(stream) && now - at < kResumable && !is_there) {
            streams.push_back(stream);
        }
    }
    return streams;
}

bool Running::cancel(std::string_view id, std::optional<std::uint32_t> uid, const std::string& why) {
    bool is_known = false;
    if (const auto known = by_id_.find(id); known != by_id_.end() && is_of(known->second->status, uid)) {
        known->second->status.state = "cancelled";
        is_known = true;
    }
    for (auto* answer : answers_) {
        const auto stream = answer->report();
        if (stream.id == id && is_of(stream, uid)) {
            answer->cancel(why);
            is_known = true;
        }
    }
    return is_known;
}

void Running::end_all(const std::string& why) {
    for (auto* answer : answers_) {
        if (!answer->report().is_resumable) {
            answer->cancel(why);
        }
    }
}

std::size_t Running::waiting_for(const supervisor::Server& server) const {
    const auto waits = [&server](const RunningAnswer* answer) { return answer->waits_for(server); };
    return static_cast<std::size_t>(std::ranges::count_if(answers_, waits));
}

}  // namespace lamd::gateway
