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
        progress.verdict = take_one(message, progress.bytes);
        if (progress.verdict != Verdict::going_on) {
            break;
        }
    }
    return progress;
}

Assembly::Verdict Assembly::take_one(const Message& message, std::string& bytes) {
    if (const auto* event = std::get_if<Data>(&message)) {
        return take_event(*event, bytes);
    }
    if (const auto* beat = std::get_if<Beat>(&message)) {
        return beat->next > next() ? Verdict::gap : Verdict::going_on;
    }
    if (const auto* end = std::get_if<End>(&message)) {
        if (!head_ || end->totals.events > next()) {
            return Verdict::gap;
        }
        if (end->totals != tally_.totals()) {
            return Verdict::corrupt;
        }
        bytes += std::exchange(held_, {});
        return Verdict::complete;
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

Assembly::Verdict Assembly::take_event(const Data& event, std::string& bytes) {
    if (!head_ || event.seq > next()) {
        return Verdict::gap;
    }
    if (event.seq < next()) {
        ++duplicates_;
        return Verdict::going_on;
    }
    tally_.add(event.bytes);
    watch_.see(event.bytes);
    if (event.seq < wanted_.first) {
        return Verdict::going_on;
    }
    auto& out = watch_.is_complete() || watch_.is_done() ? held_ : bytes;
    if (wanted_.is_numbered) {
        out += "id: " + std::to_string(event.seq) + "\n";
    }
    out += event.bytes;
    return Verdict::going_on;
}

}  // namespace lamd::gateway
