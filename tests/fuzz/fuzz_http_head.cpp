// The parser of requests. Invariants: a request is complete and the same wherever its bytes are cut; what is accepted
// has a path, a method that is a token and fields that hold no line breaks, one length at most, and a body within its
// limit.
#include "tests/fuzz/fuzz.h"
#include "transport/http/server_request.h"
#include "transport/http/server_syntax.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

using lamd::fuzz::require;
using lamd::transport::http::Field;
using lamd::transport::http::RequestParser;
using lamd::transport::http::RequestParts;

constexpr std::size_t kBodyLimit = 512;

struct Outcome {
    bool is_complete = false;
    bool is_keep_alive = false;
    std::size_t used = 0;
    RequestParts parts;
};

Outcome parse(std::string_view bytes, std::size_t step) {
    RequestParser parser(lamd::ByteCount{1024}, lamd::ByteCount{kBodyLimit});
    Outcome outcome;
    while (outcome.used < bytes.size() && !parser.is_complete()) {
        const auto piece = bytes.substr(outcome.used, step);
        const auto used = parser.feed(piece);
        if (!used) {
            require(used.error().status >= 400 && !used.error().message.empty());
            return outcome;
        }
        require(*used == piece.size() || parser.is_complete());
        outcome.used += *used;
    }
    outcome.is_complete = parser.is_complete();
    outcome.is_keep_alive = parser.is_head_done() && parser.is_keep_alive();
    outcome.parts = parser.take();
    return outcome;
}

void check(const RequestParts& parts) {
    using namespace lamd::transport::http;
    require(is_token(parts.method) && parts.path.starts_with('/') && parts.body.size() <= kBodyLimit);
    const auto is_framing = [](const Field& field) {
        return is_equal_token(field.name, "Content-Length") || is_equal_token(field.name, "Transfer-Encoding");
    };
    require(std::ranges::count_if(parts.fields, is_framing) <= 1);
    for (const auto& field : parts.fields) {
        require(is_token(field.name) && std::ranges::all_of(field.value, is_field_character));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto whole = parse(bytes, std::string_view::npos);
    const auto cut = parse(bytes, 1 + data[0] % 32);
    // What is bad may be found bad sooner or later, depending on the cuts; what is good is good in any.
    require(whole.is_complete == cut.is_complete);
    if (whole.is_complete) {
        check(whole.parts);
        require(whole.used == cut.used);
        require(whole.is_keep_alive == cut.is_keep_alive && whole.parts.body == cut.parts.body);
        require(whole.parts.path == cut.parts.path && whole.parts.fields == cut.parts.fields);
    }
    return 0;
}
