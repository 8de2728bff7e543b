// Takes thinking out of the answers of a chat: `<think>…</think>` out of their content, and `reasoning_content` where
// it is not to be kept. What need not change stays the server's own bytes, and no event is added or left out, so that
// their numbers stay what they were; what an event becomes depends on the events before it alone, so that it is the
// same each time a stream is passed on. No I/O.
#pragma once

#include "config/config.h"
#include "transport/openai/thinking.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace lamd::transport::openai {

class ThinkingRemover {
public:
    explicit ThinkingRemover(config::Reasoning reasoning) : reasoning_(reasoning) {}

    /// The next event of a stream; nothing: it goes on as it is. Every event must be shown, from the first on.
    [[nodiscard]] std::optional<std::string> event(std::string_view event);

    /// An answer that is no stream.
    [[nodiscard]] std::optional<std::string> body(std::string_view body) const;

    [[nodiscard]] config::Reasoning reasoning() const {
        return reasoning_;
    }

private:
    [[nodiscard]] bool may_change(std::string_view event) const;

    config::Reasoning reasoning_;
    std::map<std::int64_t, ThinkingFilter> filters_;  // of the choices
};

}  // namespace lamd::transport::openai
