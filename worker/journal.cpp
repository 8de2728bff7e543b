#include "worker/journal.h"

#include <algorithm>
#include <utility>

namespace lamd::worker {

bool Shelf::is_full() const {
    return bytes_ >= limit_.bytes &&
           std::none_of(journals_.begin(), journals_.end(), [](const auto* journal) { return journal->may_drop(); });
}

// Whole journals give way one after another, so that as many streams as possible stay resumable. What has given
// everything is put aside, where nobody looks at it again.
void Shelf::make_room(std::uint64_t bytes) {
    for (auto place = journals_.begin(); place != journals_.end() && bytes_ + bytes > limit_.bytes;) {
        auto& journal = **place++;
        while (bytes_ + bytes > limit_.bytes && journal.may_drop()) {
            journal.drop_first();
        }
        if (journal.is_closed_ && journal.events_.empty()) {
            spent_.splice(spent_.end(), journals_, journal.place_);
            journal.is_spent_ = true;
        }
    }
}

Journal::Journal(Shelf& shelf, ByteCount limit)
    : shelf_(shelf), place_(shelf.journals_.insert(shelf.journals_.end(), this)), limit_(limit) {}

Journal::~Journal() {
    shelf_.bytes_ -= bytes_;
    (is_spent_ ? shelf_.spent_ : shelf_.journals_).erase(place_);
}

void Journal::append(std::string event) {
    shelf_.journals_.splice(shelf_.journals_.end(), shelf_.journals_, place_);
    tally_.add(event);
    while (bytes_ + event.size() > limit_.bytes && may_drop()) {
        drop_first();
    }
    shelf_.make_room(event.size());
    bytes_ += event.size();
    shelf_.bytes_ += event.size();
    events_.push_back(std::move(event));
}

void Journal::acknowledge(std::uint64_t seq) {
    acknowledged_ = std::clamp(seq, acknowledged_, next());
}

bool Journal::is_full() const {
    return (bytes_ >= limit_.bytes && !may_drop()) || shelf_.is_full();
}

std::optional<std::string_view> Journal::at(std::uint64_t seq) const {
    if (seq < first_ || seq >= next()) {
        return std::nullopt;
    }
    return events_[seq - first_];
}

std::uint64_t Journal::middle() const {
    std::uint64_t bytes = 0;
    std::uint64_t seq = first_;
    while (bytes < bytes_ / 2) {
        bytes += events_[seq - first_].size();
        ++seq;
    }
    return seq;
}

void Journal::drop_first() {
    bytes_ -= events_.front().size();
    shelf_.bytes_ -= events_.front().size();
    events_.pop_front();
    ++first_;
}

}  // namespace lamd::worker
