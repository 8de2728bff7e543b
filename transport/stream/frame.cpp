#include "transport/stream/frame.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace lamd::transport::stream {

namespace {

constexpr std::uint8_t kVersion = 1;

template <class Unsigned>
void put(Unsigned value, std::string& out) {
    for (int shift = static_cast<int>(sizeof value - 1) * 8; shift >= 0; shift -= 8) {
        out += static_cast<char>(value >> shift & 0xff);
    }
}

template <class Unsigned>
Unsigned take(std::string_view& bytes) {
    Unsigned value = 0;
    for (std::size_t i = 0; i < sizeof value; ++i) {
        value = static_cast<Unsigned>(value << 8 | static_cast<unsigned char>(bytes[i]));
    }
    bytes.remove_prefix(sizeof value);
    return value;
}

bool is_known(std::uint8_t type) {
    switch (static_cast<FrameType>(type)) {
        case FrameType::open:
        case FrameType::resume:
        case FrameType::cancel:
        case FrameType::credit:
        case FrameType::head:
        case FrameType::events:
        case FrameType::beat:
        case FrameType::end:
        case FrameType::error:
        case FrameType::gone:
            return true;
    }
    return false;
}

}  // namespace

void encode(const Frame& frame, std::string& out) {
    out.reserve(out.size() + kFrameHead + frame.bytes.size());
    put(kVersion, out);
    put(static_cast<std::uint8_t>(frame.type), out);
    put(std::uint16_t{0}, out);
    out.append(reinterpret_cast<const char*>(frame.id.data()), frame.id.size());
    put(frame.seq, out);
    put(frame.offset, out);
    put(frame.total, out);
    out += frame.bytes;
}

Result<Frame> decode(std::string_view message) {
    if (message.size() < kFrameHead) {
        return Error{fmt::format("a frame of {} bytes; its head alone has {}", message.size(), kFrameHead)};
    }
    if (const auto version = take<std::uint8_t>(message); version != kVersion) {
        return Error{fmt::format("a frame of version {}; known is {}", version, kVersion)};
    }
    const auto type = take<std::uint8_t>(message);
    if (!is_known(type)) {
        return Error{fmt::format("a frame of unknown type {}", type)};
    }
    static_cast<void>(take<std::uint16_t>(message));  // reserved: ignored
    Frame frame;
    frame.type = static_cast<FrameType>(type);
    std::copy_n(message.data(), frame.id.size(), reinterpret_cast<char*>(frame.id.data()));
    message.remove_prefix(frame.id.size());
    frame.seq = take<std::uint64_t>(message);
    frame.offset = take<std::uint32_t>(message);
    frame.total = take<std::uint32_t>(message);
    frame.bytes = message;
    if (frame.offset > frame.total || message.size() > frame.total - frame.offset) {
        return Error{
            fmt::format("a frame with {} bytes at {} of a payload of {}", message.size(), frame.offset, frame.total)};
    }
    return frame;
}

Result<std::optional<std::string>> Reassembly::add(const Frame& part) {
    if (part.total > limit_.bytes) {
        return Error{fmt::format("a payload of {} bytes; accepted are {}", part.total, to_string(limit_))};
    }
    if (part.is_whole()) {
        return std::optional<std::string>(part.bytes);
    }
    const auto place = unfinished_.try_emplace({part.id, part.type, part.seq}).first;
    auto& parts = place->second;
    parts.turn = ++turn_;
    if (part.offset == 0) {
        held_ -= std::exchange(parts.bytes, {}).size();
    }
    if (part.offset != parts.bytes.size()) {
        drop(place);
        return std::optional<std::string>();
    }
    make_room(part.bytes.size());
    parts.bytes += part.bytes;
    held_ += part.bytes.size();
    if (parts.bytes.size() < part.total) {
        return std::optional<std::string>();
    }
    held_ -= parts.bytes.size();
    std::optional<std::string> whole(std::move(parts.bytes));
    unfinished_.erase(place);
    return whole;
}

// The one that goes on has the latest turn: it is the last to give way, and alone it is within the limit of one.
void Reassembly::make_room(std::size_t bytes) {
    while (held_ + bytes > all_.bytes && unfinished_.size() > 1) {
        drop(std::ranges::min_element(unfinished_, {}, [](const auto& entry) { return entry.second.turn; }));
    }
}

Reassembly::Unfinished::iterator Reassembly::drop(Unfinished::iterator place) {
    held_ -= place->second.bytes.size();
    return unfinished_.erase(place);
}

void Reassembly::forget(const UuidBytes& id) {
    auto place = unfinished_.lower_bound({id, FrameType{}, 0});
    while (place != unfinished_.end() && std::get<0>(place->first) == id) {
        place = drop(place);
    }
}

void Reassembly::clear() {
    unfinished_.clear();
    held_ = 0;
}

}  // namespace lamd::transport::stream
