#include "worker/legacy/sessions.h"

#include <iterator>

namespace lamd::worker::legacy {

using transport::openai::Conversation;
using transport::openai::make_message;
using transport::openai::Turn;

Sessions::Asked Sessions::ask(const SessionKey& key, std::string_view prompt, const std::string& text, Instant now) {
    const auto& entry = touch(key, prompt, now);
    Conversation asked = entry.conversation;
    asked.add(make_message("user", text));
    trim(asked);
    return {asked.messages(), entry.ticket};
}

void Sessions::answered(const SessionKey& key, std::uint64_t ticket, const std::string& text, const std::string& answer,
                        Instant now) {
    const auto* const known = find(key);
    if (known == nullptr || known->ticket != ticket) {
        return;
    }
    auto& conversation = touch(key, "", now).conversation;
    conversation.add(make_message("user", text));
    conversation.add(make_message("assistant", answer));
    trim(conversation);
}

void Sessions::set_prompt(const SessionKey& key, const std::string& prompt, bool is_reset, Instant now) {
    touch(key, prompt, now).conversation.set_system_prompt(prompt);
    if (is_reset) {
        clear(key);
    }
}

void Sessions::clear(const SessionKey& key) {
    if (auto* const entry = find(key)) {
        entry->conversation.clear();
        entry->ticket = ++tickets_;
    }
}

void Sessions::erase(const SessionKey& key) {
    if (const auto place = places_.find(key); place != places_.end()) {
        drop(place->second);
    }
}

std::vector<SessionKey> Sessions::of(std::string_view project) const {
    std::vector<SessionKey> keys;
    for (const auto& entry : entries_) {
        if (entry.key.project == project) {
            keys.push_back(entry.key);
        }
    }
    return keys;
}

void Sessions::expire(Instant now) {
    while (!entries_.empty() && entries_.back().used + limits_.expire <= now) {
        drop(std::prev(entries_.end()));
    }
}

Sessions::Entry* Sessions::find(const SessionKey& key) {
    const auto place = places_.find(key);
    return place == places_.end() ? nullptr : &*place->second;
}

Sessions::Entry& Sessions::touch(const SessionKey& key, std::string_view prompt, Instant now) {
    expire(now);
    if (const auto place = places_.find(key); place != places_.end()) {
        entries_.splice(entries_.begin(), entries_, place->second);
    } else {
        if (entries_.size() >= limits_.sessions) {
            drop(std::prev(entries_.end()));
        }
        entries_.push_front({key, Conversation(std::string(prompt)), ++tickets_, now});
        places_[key] = entries_.begin();
    }
    entries_.front().used = now;
    return entries_.front();
}

void Sessions::drop(Entries::iterator entry) {
    places_.erase(entry->key);
    entries_.erase(entry);
}

void Sessions::trim(Conversation& conversation) const {
    conversation.trim(limits_.tokens, [](const Turn& turn) { return transport::openai::estimate_tokens(turn); });
}

}  // namespace lamd::worker::legacy
