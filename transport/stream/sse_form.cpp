#include "transport/stream/sse_form.h"

#include "api/parse.h"
#include "transport/sse/event.h"
#include "transport/stream/control.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <charconv>
#include <optional>

namespace lamd::transport::stream {

namespace {

using nlohmann::json;

constexpr std::string_view kBeat = ": lam-beat ";
constexpr std::string_view kType = "lam-";
constexpr std::string_view kId = "id: ";

// Latin-1 to UTF-8 and back: every byte is a character.
std::string widen(std::string_view bytes) {
    std::string text;
    text.reserve(bytes.size());
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x80) {
            text += c;
        } else {
            text += static_cast<char>(0xC0 | byte >> 6);
            text += static_cast<char>(0x80 | (byte & 0x3F));
        }
    }
    return text;
}

std::optional<std::string> narrow(std::string_view text) {
    std::string bytes;
    bytes.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if (byte < 0x80) {
            bytes += text[i];
        } else if ((byte == 0xC2 || byte == 0xC3) && i + 1 < text.size()) {
            bytes += static_cast<char>((byte & 0x03) << 6 | (static_cast<unsigned char>(text[++i]) & 0x3F));
        } else {
            return std::nullopt;
        }
    }
    return bytes;
}

// The first line of an event of the answer, and what stands behind it.
Result<Message> read_data(std::string_view event) {
    const auto end = event.find('\n');
    std::uint64_t seq = 0;
    const auto digits = event.substr(kId.size(), end - kId.size());
    const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), seq);
    if (end == std::string_view::npos || error != std::errc() || stop != digits.data() + digits.size()) {
        return Error{"an event without a number"};
    }
    return Message(Data{seq, std::string(event.substr(end + 1))});
}

Result<Message> read_body(const sse::Event& event) {
    const auto text = api::parse_json<json>(event.data);
    const auto bytes = text.is_string() ? narrow(text.get_ref<const std::string&>()) : std::nullopt;
    if (!bytes) {
        return Error{"a body that is no JSON string of bytes"};
    }
    return Message(Data{0, *bytes});
}

Result<Message> read_event(std::string_view text) {
    const auto event = sse::parse_event(text);
    if (event.type == "lam-body") {
        return read_body(event);
    }
    if (event.type.starts_with(kType)) {
        return decode_control(std::string_view(event.type).substr(kType.size()), event.data);
    }
    return text.starts_with(kId) ? read_data(text) : Error{"an event without a number"};
}

// The last beat between two events says all.
std::optional<Message> read_beat(std::string_view between) {
    const auto begin = between.rfind(kBeat);
    if (begin == std::string_view::npos) {
        return std::nullopt;
    }
    const auto text = between.substr(begin + kBeat.size());
    const auto beat = decode_control("beat", text.substr(0, text.find('\n')));
    return beat ? std::optional<Message>(*beat) : std::nullopt;
}

}  // namespace

std::string encode_sse(const Message& message) {
    if (const auto* data = std::get_if<Data>(&message)) {
        return fmt::format("id: {}\n{}", data->seq, data->bytes);
    }
    if (std::holds_alternative<Beat>(message)) {
        return fmt::format("{}{}\n\n", kBeat, encode_control(message));
    }
    return fmt::format("event: {}{}\ndata: {}\n\n", kType, name_of(message), encode_control(message));
}

std::string encode_sse_body(const Data& body) {
    return fmt::format("id: {}\nevent: lam-body\ndata: {}\n\n", body.seq, api::dump_json(json(widen(body.bytes))));
}

Result<std::vector<Message>> SseDecoder::feed(std::string bytes) {
    const auto complete = splitter_.feed(std::move(bytes));
    if (!complete) {
        return complete.error();
    }
    const std::string_view text = *complete;
    std::vector<Message> messages;
    std::size_t seen = 0;
    const auto take_beat = [&](std::size_t until) {
        if (auto beat = read_beat(text.substr(seen, until - seen))) {
            messages.push_back(*std::move(beat));
        }
    };
    for (const auto& [begin, size] : splitter_.events()) {
        take_beat(begin);
        auto message = read_event(text.substr(begin, size));
        if (!message) {
            return message.error();
        }
        messages.push_back(*std::move(message));
        seen = begin + size;
    }
    take_beat(text.size());
    return messages;
}

}  // namespace lamd::transport::stream
