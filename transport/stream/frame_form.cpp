#include "transport/stream/frame_form.h"

#include "transport/stream/control.h"

#include <algorithm>

namespace lamd::transport::stream {

namespace {

constexpr std::size_t kSize = 4;

Result<std::vector<Message>> decode_events(std::uint64_t seq, std::string_view payload) {
    std::vector<Message> messages;
    while (!payload.empty()) {
        std::size_t size = 0;
        for (std::size_t i = 0; i < std::min(kSize, payload.size()); ++i) {
            size = size << 8 | static_cast<unsigned char>(payload[i]);
        }
        if (payload.size() < kSize || payload.size() - kSize < size) {
            return Error{"events that end in the middle of one"};
        }
        messages.emplace_back(Data{seq++, std::string(payload.substr(kSize, size))});
        payload.remove_prefix(kSize + size);
    }
    return messages;
}

std::string_view control_name(FrameType type) {
    switch (type) {
        case FrameType::head:
            return "head";
        case FrameType::beat:
            return "beat";
        case FrameType::end:
            return "end";
        case FrameType::error:
            return "error";
        case FrameType::gone:
            return "gone";
        case FrameType::open:
        case FrameType::resume:
        case FrameType::cancel:
        case FrameType::credit:
        case FrameType::events:
            break;
    }
    return "";
}

}  // namespace

void append_event(std::string_view event, std::string& payload) {
    for (int shift = 24; shift >= 0; shift -= 8) {
        payload += static_cast<char>(event.size() >> shift & 0xff);
    }
    payload += event;
}

Result<std::vector<Message>> decode_payload(FrameType type, std::uint64_t seq, std::string_view payload) {
    if (type == FrameType::events) {
        return decode_events(seq, payload);
    }
    auto message = decode_control(control_name(type), payload);
    if (!message) {
        return message.error();
    }
    return std::vector<Message>{*std::move(message)};
}

std::vector<std::string> make_frames(FrameType type, const UuidBytes& id, std::uint64_t seq, std::string_view payload,
                                     std::size_t limit) {
    const std::size_t room = std::max(limit, kFrameHead + 1) - kFrameHead;
    std::vector<std::string> frames;
    std::size_t offset = 0;
    do {
        const auto bytes = payload.substr(offset, room);
        encode({.type = type,
                .id = id,
                .seq = seq,
                .offset = static_cast<std::uint32_t>(offset),
                .total = static_cast<std::uint32_t>(payload.size()),
                .bytes = bytes},
               frames.emplace_back());
        offset += bytes.size();
    } while (offset < payload.size());
    return frames;
}

FrameType type_of(const Message& message) {
    constexpr FrameType kTypes[] = {FrameType::head, FrameType::events, FrameType::beat,
                                    FrameType::end,  FrameType::error,  FrameType::gone};
    static_assert(std::size(kTypes) == std::variant_size_v<Message>);
    return kTypes[message.index()];
}

}  // namespace lamd::transport::stream
