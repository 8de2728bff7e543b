// Server-sent events out of the bytes of an answer, however they were cut on the way (WHATWG HTML, 9.2.6). Comments and
// `retry` are passed over.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lamd::lamctl {

struct SseEvent {
    std::string kind;  ///< `event:`, empty for the default
    std::string id;    ///< the last `id:` seen, of this event or one before
    std::string data;  ///< the `data:` lines, joined with newlines

    friend bool operator==(const SseEvent&, const SseEvent&) = default;
};

class SseReader {
public:
    void feed(std::string_view bytes) {
        buffer_.append(bytes);
    }

    /// The next event that is complete; events without data are none.
    [[nodiscard]] std::optional<SseEvent> next();

private:
    [[nodiscard]] std::optional<std::string> next_line();
    void take_field(std::string_view line);

    std::string buffer_;
    std::size_t begin_ = 0;  ///< of the first line not yet taken
    std::size_t seen_ = 0;   ///< up to here there is no line end
    bool is_start_ = true;   ///< a byte order mark may come
    bool is_after_carriage_return_ = false;
    SseEvent event_;
    bool has_data_ = false;
};

}  // namespace lamd::lamctl
