#include "lamctl/answer.h"

#include <fmt/format.h>

namespace lamd::lamctl {

void Figures::add(const api::ChatEvent& event, Instant now) {
    if (!event.content.empty() || !event.reasoning.empty()) {
        first_ = first_.value_or(now);
        last_ = now;
        ++events_;
    }
    if (event.completion_tokens) {
        tokens_ = event.completion_tokens;
    }
    if (event.tokens_per_second) {
        rate_ = event.tokens_per_second;
    }
}

std::string Figures::describe() const {
    if (!first_) {
        return "";
    }
    std::string text = fmt::format("first token after {:.2f}s", seconds(*first_ - start_));
    const std::uint64_t tokens = tokens_.value_or(events_);
    // The first token's time is the prompt's: the rate is that of the others.
    const double elapsed = seconds(last_ - *first_);
    const double rate = rate_.value_or(tokens > 1 && elapsed > 0 ? static_cast<double>(tokens - 1) / elapsed : 0);
    if (rate > 0) {
        text += fmt::format(", {:.1f} tokens/s", rate);
    }
    return text + fmt::format(" ({} {}{})", tokens, tokens_ ? "token" : "event", tokens == 1 ? "" : "s");
}

std::string AnswerText::add(const api::ChatEvent& event) {
    std::string out;
    if (!event.reasoning.empty() && look_.is_terminal) {
        out += begin(Part::reasoning);
        out += shown(event.reasoning);
    }
    if (!event.content.empty()) {
        out += begin(Part::content);
        out += shown(event.content);
    }
    return out;
}

std::string AnswerText::end() {
    std::string out = begin(Part::none);
    if (!is_at_line_start_) {
        out += '\n';
    }
    is_at_line_start_ = true;
    return out;
}

std::string AnswerText::begin(Part part) {
    if (part == part_) {
        return "";
    }
    std::string out;
    if (part_ == Part::reasoning) {
        out = look_.has_color ? "\x1b[0m" : "";
        if (part == Part::content) {
            out += is_at_line_start_ ? "\n" : "\n\n";
            is_at_line_start_ = true;
        }
    }
    if (part == Part::reasoning) {
        out += is_at_line_start_ ? "" : "\n";
        out += look_.has_color ? "\x1b[2m(thinking) " : "(thinking) ";
    }
    part_ = part;
    return out;
}

std::string AnswerText::shown(std::string_view text) {
    is_at_line_start_ = text.ends_with('\n');
    // A pipe gets the bytes as they are; a terminal only what cannot move its cursor about.
    return look_.is_terminal ? printable_text(look_, text) : std::string(text);
}

}  // namespace lamd::lamctl
