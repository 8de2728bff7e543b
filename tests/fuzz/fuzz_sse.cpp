// The splitter and the parser of server-sent events. Invariants: what goes in comes out, in order, as passed on and
// held; the same bytes give the same events wherever they are cut; nothing held is a complete event.
#include "tests/fuzz/fuzz.h"
#include "transport/sse/event.h"
#include "transport/sse/splitter.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace {

using lamd::fuzz::Input;
using lamd::fuzz::require;
using lamd::transport::sse::Event;
using lamd::transport::sse::Splitter;

struct Outcome {
    std::string bytes;
    std::vector<Event> events;
};

// Each byte of `cuts` is the size of the next piece; the rest goes in one.
Outcome split(std::string_view text, std::string_view cuts) {
    Splitter splitter(lamd::ByteCount{1 << 20});
    Outcome outcome;
    std::size_t taken = 0;
    for (std::size_t i = 0; taken < text.size(); ++i) {
        const std::size_t size = i < cuts.size() ? static_cast<unsigned char>(cuts[i]) : std::string_view::npos;
        const auto piece = text.substr(taken, size);
        taken += piece.size();
        const auto complete = splitter.feed(std::string(piece));
        if (!complete) {
            break;
        }
        std::size_t end = 0;
        for (const auto& range : splitter.events()) {
            require(range.begin >= end && range.size > 0 && range.begin + range.size <= complete->size());
            end = range.begin + range.size;
            outcome.events.push_back(
                lamd::transport::sse::parse_event(std::string_view(*complete).substr(range.begin, range.size)));
        }
        outcome.bytes += *complete;
        require(outcome.bytes.size() + splitter.held().size() == taken);
        require(outcome.bytes + std::string(splitter.held()) == text.substr(0, taken));
    }
    return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    Input input(bytes, size);
    const auto cuts = input.text();
    const Outcome whole = split(input.rest(), {});
    const Outcome pieces = split(input.rest(), cuts);
    require(whole.events == pieces.events);
    require(whole.bytes == pieces.bytes);
    return 0;
}
