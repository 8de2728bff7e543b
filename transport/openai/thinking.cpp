#include "transport/openai/thinking.h"

#include <algorithm>
#include <utility>

namespace lamd::transport::openai {

namespace {

constexpr std::string_view kBegin = "<think>";
constexpr std::string_view kEnd = "</think>";
constexpr std::string_view kBlank = " \t\n\v\f\r";

// How much of the end of `text` may be the beginning of `tag`.
std::size_t open_end(std::string_view text, std::string_view tag) {
    for (std::size_t size = std::min(text.size(), tag.size() - 1); size > 0; --size) {
        if (text.ends_with(tag.substr(0, size))) {
            return size;
        }
    }
    return 0;
}

}  // namespace

std::string ThinkingFilter::feed(std::string_view piece) {
    held_ += piece;
    std::string text;
    while (advance(text)) {
    }
    return text;
}

// As far as one tag goes. False: more is known only with the next piece.
bool ThinkingFilter::advance(std::string& text) {
    if (state_ == State::behind) {
        held_.erase(0, std::min(held_.find_first_not_of(kBlank), held_.size()));
        state_ = held_.empty() ? State::behind : State::text;
    }
    const bool is_text = state_ == State::text;
    const auto tag = is_text ? kBegin : kEnd;
    const auto found = held_.find(tag);
    const bool is_found = state_ != State::behind && found != std::string::npos;
    const std::size_t certain = is_found ? found : held_.size() - open_end(held_, tag);
    if (is_text) {
        text.append(held_, 0, certain);
    }
    held_.erase(0, certain + (is_found ? tag.size() : 0));
    if (is_found) {
        state_ = is_text ? State::thinking : State::behind;
    }
    return is_found;
}

std::string ThinkingFilter::finish() {
    return state_ == State::text ? std::exchange(held_, {}) : std::string();
}

std::string without_thinking(std::string_view text) {
    ThinkingFilter filter;
    auto left = filter.feed(text);
    return left += filter.finish();
}

}  // namespace lamd::transport::openai
