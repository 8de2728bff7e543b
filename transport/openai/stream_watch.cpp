#include "transport/openai/stream_watch.h"

#include "transport/sse/event.h"

#include <nlohmann/json.hpp>

namespace lamd::transport::openai {

namespace {

using nlohmann::json;

constexpr std::string_view kDone = "[DONE]";
constexpr std::string_view kFinishReason = "\"finish_reason\"";
constexpr std::string_view kError = "\"error\"";
constexpr std::size_t kLongestDone = 64;

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// Whether some `"finish_reason":` is followed by something else than null.
bool may_finish(std::string_view event) {
    for (auto found = event.find(kFinishReason); found != std::string_view::npos;
         found = event.find(kFinishReason, found)) {
        found += kFinishReason.size();
        while (found < event.size() && (is_space(event[found]) || event[found] == ':')) {
            ++found;
        }
        if (found < event.size() && event[found] != 'n') {
            return true;
        }
    }
    return false;
}

std::int64_t index_of(const json& choice) {
    const auto index = choice.find("index");
    return index != choice.end() && index->is_number_integer() ? index->get<std::int64_t>() : 0;
}

bool has_finished(const json& choice) {
    const auto reason = choice.is_object() ? choice.find("finish_reason") : choice.end();
    return reason != choice.end() && reason->is_string();
}

}  // namespace

bool is_done_event(std::string_view event) {
    return event.size() <= kLongestDone && event.find(kDone) != std::string_view::npos &&
           sse::parse_event(event).data == kDone;
}

void StreamWatch::see(std::string_view event) {
    if (is_done_event(event)) {
        is_done_ = true;
    } else if (event.find(kError) != std::string_view::npos || may_finish(event)) {
        parse(event);
    }
}

void StreamWatch::parse(std::string_view event) {
    const json data = json::parse(sse::parse_event(event).data, nullptr, false);
    if (!data.is_object()) {
        return;
    }
    const auto error = data.find("error");
    has_error_ = has_error_ || (error != data.end() && !error->is_null());
    const auto choices = data.find("choices");
    if (choices == data.end() || !choices->is_array()) {
        return;
    }
    for (const json& choice : *choices) {
        if (has_finished(choice)) {
            finished_.insert(index_of(choice));
        }
    }
}

}  // namespace lamd::transport::openai
