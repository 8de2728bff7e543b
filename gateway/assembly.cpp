#include "gateway/assembly.h"

#include <utility>

namespace lamd::gateway {

using transport::stream::Beat;
using transport::stream::Data;
using transport::stream::End;
using transport::stream::Fail;
using transport::stream::Head;
using transport::stream::Message;

Assembly::Progress Assembly::take(const std::vector<Message>& messages) {
    Progress progress;
    for (const auto& message : messages) {
        progress.verdict = take_one(message, progress);
        if (progress.verdict != Verdict::going_on) {
            break;
        }
    }
    return progress;
}

Assembly::Verdict Assembly::take_one(const Message& message, Progress& progress) {
    if (const auto* event = std::get_if<Data>(&message)) {
        return take_event(*event, progress);
    }
    if (const auto* beat = std::get_if<Beat>(&message)) {
        return beat->next > next() ? Verdict::gap : Verdict::going_on;
    }
    if (const auto* end = std::get_if<End>(&message)) {
        return take_end(*end, progress);
    }
    if (const auto* fail = std::get_if<Fail>(&message)) {
        failure_ = *fail;
        return Verdict::failed;
    }
    if (const auto* head = std::get_if<Head>(&message)) {
        head_ = *head;
        return Verdict::going_on;
    }
    return Verdict::gone;
}

Assembly::Verdict Assembly::take_end(const End& end, Progress& progress) {
    if (!head_ || end.totals.events > next()) {
        return Verdict::gap;
    }
    if (end.totals != tally_.totals()) {
        return Verdict::corrupt;
    }
    progress.bytes += std::exchange(held_.bytes, {});
    progress.events += std::exchange(held_.events, 0);
    return Verdict::complete;
}

Assembly::Verdict Assembly::take_event(const Data& event, Progress& progress) {
    if (!head_ || event.seq > next()) {
        return Verdict::gap;
    }
    if (event.seq < next()) {
        ++progress.again;
        return Verdict::going_on;
    }
    tally_.add(event.bytes);
    const auto kind = watch_.see(event.bytes);
    const auto changed = wanted_.thinking != nullptr ? wanted_.thinking->event(event.bytes) : std::nullopt;
    if (event.seq < wanted_.first) {
        return Verdict::going_on;
    }
    continuity_.pass(event.seq);
    if (wanted_.filter.hides(kind)) {
        return Verdict::going_on;
    }
    const bool is_held = watch_.is_complete() || watch_.is_done();
    if (wanted_.text != nullptr && !is_held) {
        wanted_.text->see(event.bytes);
    }
    auto& out = is_held ? held_ : progress;
    if (wanted_.is_numbered) {
        out.bytes += "id: " + std::to_string(event.seq) + "\n";
    }
    out.bytes += changed.value_or(event.bytes);
    ++out.events;
    return Verdict::going_on;
}

}  // namespace lamd::gateway
