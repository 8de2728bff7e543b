#include "transport/stream/request_form.h"

#include "api/parse.h"
#include "transport/http/server_syntax.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace lamd::transport::stream {

namespace {

using nlohmann::json;

constexpr std::size_t kSize = 4;
constexpr Duration kLongestLease = std::chrono::hours(1);

// It becomes a part of the URL and of the head that the worker sends to its server: it must not become more than that.
bool is_allowed(const OpenPayload& open) {
    const bool is_question = open.path == "/tokenize" || open.path == "/apply-template";
    const bool is_known =
        open.method == "GET" || (open.method == "POST" && (is_question || open.path.starts_with("/v1/")));
    return is_known && http::is_valid_target(open.path) &&
           std::ranges::all_of(open.content_type, http::is_field_character);
}

}  // namespace

std::string encode_credit(std::uint32_t bytes) {
    std::string text;
    for (int shift = 24; shift >= 0; shift -= 8) {
        text += static_cast<char>(bytes >> shift & 0xff);
    }
    return text;
}

std::uint32_t decode_credit(std::string_view payload) {
    if (payload.size() < kSize) {
        return kWindow;
    }
    std::uint32_t bytes = 0;
    for (const char c : payload.substr(0, kSize)) {
        bytes = bytes << 8 | static_cast<unsigned char>(c);
    }
    return bytes;
}

std::string encode_open(const OpenPayload& open) {
    json meta{
        {"method", open.method}, {"path", open.path}, {"content_type", open.content_type}, {"credit", open.credit}};
    if (open.lease > Duration::zero()) {
        meta["lease_s"] = seconds(open.lease);
    }
    const auto text = api::dump_json(meta);
    return encode_credit(static_cast<std::uint32_t>(text.size())) + text + open.body;
}

Result<OpenPayload> decode_open(std::string_view payload) {
    const std::size_t size = decode_credit(payload);
    if (payload.size() < kSize || payload.size() - kSize < size) {
        return Error{"a request that ends within its description"};
    }
    const auto meta = api::parse_json<json>(payload.substr(kSize, size));
    if (!meta.is_object() || !meta.contains("path")) {
        return Error{"a request whose description is no JSON object with a path"};
    }
    try {
        OpenPayload open;
        open.method = meta.value("method", open.method);
        open.path = meta.at("path");
        open.content_type = meta.value("content_type", open.content_type);
        if (meta.contains("credit")) {
            open.credit = api::integer_at<std::uint32_t>(meta, "credit");
        }
        open.lease = std::min(from_seconds(meta.value("lease_s", 0.0)), kLongestLease);
        if (!is_allowed(open)) {
            return Error{
                "a request that is neither GET of a path nor POST to one below /v1/, to /tokenize or to "
                "/apply-template"};
        }
        open.body = payload.substr(kSize + size);
        return open;
    } catch (const std::exception& problem) {
        return Error{"a request whose description cannot be read: ", problem.what()};
    }
}

}  // namespace lamd::transport::stream
