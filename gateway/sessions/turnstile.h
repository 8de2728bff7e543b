// One message of a session at a time, in the order in which they came. Owner: Sessions.
#pragma once

#include "base/async.h"
#include "gateway/sessions/session.h"

#include <cstddef>
#include <iterator>
#include <list>
#include <map>
#include <optional>
#include <utility>

namespace lamd::gateway::sessions {

class Turnstile {
    using Queue = std::list<Event>;  // each is set once its message is the first

public:
    /// `most`: how many may wait for one session.
    Turnstile(asio::any_io_executor executor, std::size_t most) : executor_(std::move(executor)), most_(most) {}

    /// The place of a message, from its coming on; when it is destroyed, it is the next one's turn.
    class Place {
    public:
        Place(Turnstile& turnstile, Key key, Queue::iterator at)
            : turnstile_(&turnstile), key_(std::move(key)), at_(at) {}
        Place(Place&& other) noexcept
            : turnstile_(std::exchange(other.turnstile_, nullptr)), key_(std::move(other.key_)), at_(other.at_) {}
        Place& operator=(Place&&) = delete;
        ~Place() {
            if (turnstile_ != nullptr) {
                turnstile_->leave(key_, at_);
            }
        }

        /// Returns when it is its turn.
        [[nodiscard]] asio::awaitable<void> turn() {
            return at_->wait();
        }

    private:
        Turnstile* turnstile_;
        Key key_;
        Queue::iterator at_;
    };

    /// Nothing: too many wait.
    [[nodiscard]] std::optional<Place> enter(const Key& key) {
        auto& queue = queues_[key];
        if (queue.size() > most_) {
            return std::nullopt;
        }
        queue.emplace_back(executor_);
        queue.front().set();
        return std::optional<Place>(std::in_place, *this, key, std::prev(queue.end()));
    }

    [[nodiscard]] std::size_t size() const {
        return queues_.size();
    }

private:
    void leave(const Key& key, Queue::iterator at) {
        const auto found = queues_.find(key);
        found->second.erase(at);
        if (found->second.empty()) {
            queues_.erase(found);
        } else {
            found->second.front().set();
        }
    }

    asio::any_io_executor executor_;
    std::size_t most_;
    std::map<Key, Queue> queues_;
};

}  // namespace lamd::gateway::sessions
