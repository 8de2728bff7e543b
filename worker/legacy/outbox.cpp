#include "worker/legacy/outbox.h"

#include <iterator>
#include <utility>

namespace lamd::worker::legacy {

void Outbox::add(Publication publication) {
    if (size() >= most_) {
        (sent_.empty() ? waiting_ : sent_).pop_front();
    }
    waiting_.push_back(std::move(publication));
}

void Outbox::sent() {
    sent_.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
}

void Outbox::lost() {
    waiting_.insert(waiting_.begin(), std::make_move_iterator(sent_.begin()), std::make_move_iterator(sent_.end()));
    sent_.clear();
}

}  // namespace lamd::worker::legacy
