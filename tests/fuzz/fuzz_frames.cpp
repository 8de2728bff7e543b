// What comes over MQTT: frames, their parts put together again, and their payloads. Invariants: a frame that is read is
// written as it was; what is put together is no larger than allowed; a payload that is understood says the same when it
// is written and read again.
#include "tests/fuzz/fuzz.h"
#include "transport/stream/control.h"
#include "transport/stream/frame.h"
#include "transport/stream/frame_form.h"
#include "transport/stream/request_form.h"

#include <cstdint>
#include <string>

namespace {

using namespace lamd::transport::stream;
using lamd::fuzz::Input;
using lamd::fuzz::require;

constexpr std::size_t kLimit = 4096;

void check_messages(const Frame& frame, std::string_view payload) {
    const auto messages = decode_payload(frame.type, frame.seq, payload);
    if (!messages) {
        require(!messages.error().message.empty());
        return;
    }
    std::string events;
    for (const Message& message : *messages) {
        if (const auto* data = std::get_if<Data>(&message)) {
            append_event(data->bytes, events);
            continue;
        }
        const auto again = decode_control(name_of(message), encode_control(message));
        require(again && *again == message);
    }
    require(events.empty() || events == payload);
}

void check_open(std::string_view payload) {
    if (const auto open = decode_open(payload)) {
        const auto again = decode_open(encode_open(*open));
        require(again && again->path == open->path && again->body == open->body && again->lease == open->lease);
    }
}

void take(Reassembly& parts, std::string_view message) {
    const auto frame = decode(message);
    if (!frame) {
        require(!frame.error().message.empty());
        return;
    }
    std::string written;
    encode(*frame, written);
    require(written.substr(4) == message.substr(4) &&
            written.substr(0, 2) == message.substr(0, 2));  // reserved between
    const auto whole = parts.add(*frame);
    if (whole && *whole) {
        require((*whole)->size() == frame->total && (*whole)->size() <= kLimit);
        check_messages(*frame, **whole);
        check_open(**whole);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    Input input(bytes, size);
    Reassembly parts(lamd::ByteCount{kLimit});
    while (!input.is_empty()) {
        take(parts, input.text());
    }
    return 0;
}
