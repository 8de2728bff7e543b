// Journals on one shelf against a model of them. Whatever is appended, acknowledged and closed, in whatever order: an
// event is had again as it came or not at all; none that is neither acknowledged nor of a closed journal is ever
// dropped; and who stops when he is told that it is full keeps all of it within the limits.
#include "tests/fuzz/fuzz.h"
#include "worker/journal.h"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace {

using lamd::ByteCount;
using lamd::fuzz::Input;
using lamd::fuzz::require;
using lamd::worker::Journal;
using lamd::worker::Shelf;

constexpr std::uint64_t kStream = 1024;
constexpr std::uint64_t kAll = 2048;
constexpr std::uint64_t kLargest = 255;

struct Stream {
    explicit Stream(Shelf& shelf) : journal(std::make_unique<Journal>(shelf, ByteCount{kStream})) {}

    void check() const {
        const auto first = journal->first();
        require(journal->next() == events.size());
        require(is_closed || first <= acknowledged);
        for (std::uint64_t seq = 0; seq < events.size(); ++seq) {
            const auto event = journal->at(seq);
            require(event.has_value() == (seq >= first) && (!event || *event == events[seq]));
        }
        require(!journal->at(events.size()));
        require(journal->totals().events == events.size());
    }

    std::unique_ptr<Journal> journal;
    std::vector<std::string> events;
    std::uint64_t acknowledged = 0;
    bool is_closed = false;
};

void step(Stream& stream, Shelf& shelf, Input& input) {
    switch (input.number(6)) {
        case 0:
            stream.acknowledged = std::max<std::uint64_t>(stream.acknowledged, input.number(stream.events.size() + 1));
            stream.journal->acknowledge(stream.acknowledged);
            break;
        case 1:
            stream.journal->close();
            stream.is_closed = true;
            break;
        case 2:
            stream = Stream(shelf);
            break;
        default:
            if (const auto event = std::string(input.text()); !stream.is_closed && !stream.journal->is_full()) {
                stream.journal->append(event);
                stream.events.push_back(event);
            }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    Input input(bytes, size);
    Shelf shelf(ByteCount{kAll});
    std::array<Stream, 4> streams{Stream(shelf), Stream(shelf), Stream(shelf), Stream(shelf)};
    while (!input.is_empty()) {
        step(streams[input.number(streams.size())], shelf, input);
        require(shelf.bytes() <= kAll + streams.size() * kLargest);
        for (const auto& stream : streams) {
            stream.check();
        }
    }
    return 0;
}
