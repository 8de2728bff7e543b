#include "supervisor/prompt_memory.h"

namespace lamd::supervisor {

// The last link first, so that the beginnings, which conversations share, are forgotten last.
void PromptMemory::add(std::span<const std::uint64_t> chain, Instant now) {
    for (std::size_t i = chain.size(); i > 0; --i) {
        touch(chain[i - 1], now);
    }
    forget(now);
}

// A link stands for everything before it, so the last one that is known says it all.
std::size_t PromptMemory::known(std::span<const std::uint64_t> chain, Instant now) const {
    for (std::size_t i = chain.size(); i > 0; --i) {
        const auto found = found_.find(chain[i - 1]);
        if (found != found_.end() && now - found->second->used < kAge) {
            return i;
        }
    }
    return 0;
}

void PromptMemory::touch(std::uint64_t link, Instant now) {
    const auto found = found_.find(link);
    if (found == found_.end()) {
        entries_.push_front({link, now});
        found_.emplace(link, entries_.begin());
        return;
    }
    found->second->used = now;
    entries_.splice(entries_.begin(), entries_, found->second);
}

void PromptMemory::forget(Instant now) {
    while (!entries_.empty() && (entries_.size() > kEntries || now - entries_.back().used >= kAge)) {
        found_.erase(entries_.back().link);
        entries_.pop_back();
    }
}

}  // namespace lamd::supervisor
