// Which prompts a server has answered lately, so that a conversation goes back to the server that has it in its cache.
// A bounded memory of the links of their chains (transport/openai/prompt_chain.h), the least recently used forgotten
// first: about what llama-server keeps, which is a cache per slot, reused by the longest common prefix.
//
// A machine without I/O. At most about 400 KiB.
#pragma once

#include "base/clock.h"

#include <cstddef>
#include <cstdint>
#include <list>
#include <span>
#include <unordered_map>

namespace lamd::supervisor {

class PromptMemory {
public:
    static constexpr std::size_t kEntries = 4096;
    static constexpr Duration kAge = std::chrono::minutes(30);

    /// The server has begun to answer a prompt with these links.
    void add(std::span<const std::uint64_t> chain, Instant now);

    /// How many links from the beginning it has answered; 0: none.
    [[nodiscard]] std::size_t known(std::span<const std::uint64_t> chain, Instant now) const;

    [[nodiscard]] std::size_t size() const {
        return found_.size();
    }

private:
    struct Entry {
        std::uint64_t link = 0;
        Instant used;
    };

    void touch(std::uint64_t link, Instant now);
    void forget(Instant now);

    std::list<Entry> entries_;  // the last used first
    std::unordered_map<std::uint64_t, std::list<Entry>::iterator> found_;
};

}  // namespace lamd::supervisor
