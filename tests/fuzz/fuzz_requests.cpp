// A caller's request and the answer's text on their way. Invariants: a request stays what it was but for the member
// that is changed; thinking that is taken out of a text is the same wherever the text was cut.
#include "tests/fuzz/fuzz.h"
#include "transport/openai/continuation.h"
#include "transport/openai/json_scan.h"
#include "transport/openai/request_body.h"
#include "transport/openai/thinking.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace {

using namespace lamd::transport::openai;
using lamd::fuzz::Input;
using lamd::fuzz::require;

using Members = std::vector<std::pair<std::string, std::string>>;

Members members(std::string_view text) {
    std::vector<JsonMember> found;
    const auto scanned = scan_json_object(text, found);
    require(scanned.has_value());
    Members all;
    for (const auto& member : found) {
        all.emplace_back(member.name, member.value);
    }
    return all;
}

Members without(Members all, std::string_view name) {
    std::erase_if(all, [name](const auto& member) { return member.first == name; });
    return all;
}

void check_request(std::string_view text) {
    const auto body = read_request_body(text);
    if (!body) {
        require(!body.error().message.empty());
        return;
    }
    const auto before = members(text);
    require(without(members(with_model(std::string(text), "other")), "model") == without(before, "model"));
    require(members(without_member(std::string(text), "stream")) == without(before, "stream"));
    require(read_request_body(with_progress(std::string(text)))->has_progress);
    require(read_request_body(with_thinking_off(std::string(text), *body)).has_value());
    static_cast<void>(continue_request("/v1/chat/completions", text, AnswerText()));
}

void check_thinking(std::string_view text, std::string_view cuts) {
    ThinkingFilter filter;
    std::string kept;
    std::size_t taken = 0;
    for (std::size_t i = 0; taken < text.size(); ++i) {
        const std::size_t size = i < cuts.size() ? static_cast<unsigned char>(cuts[i]) : std::string_view::npos;
        kept += filter.feed(text.substr(taken, size));
        taken += std::min(size, text.size() - taken);
    }
    kept += filter.finish();
    require(kept == without_thinking(text));
    require(kept.size() <= text.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    Input input(bytes, size);
    const auto cuts = input.text();
    check_request(input.rest());
    check_thinking(input.rest(), cuts);
    return 0;
}
