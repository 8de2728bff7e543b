#include "transport/stream/control.h"

#include "api/parse.h"

#include <nlohmann/json.hpp>

#include <array>

namespace lamd::transport::stream {

namespace {

using json = nlohmann::ordered_json;  // an error object keeps its order

constexpr std::array<std::string_view, std::variant_size_v<Message>> kNames = {"head", "data",  "beat",
                                                                               "end",  "error", "gone"};

json encoded(const Head& head) {
    return {{"status", head.status}, {"content_type", head.content_type}};
}

json encoded(const Beat& beat) {
    return {{"next", beat.next}, {"age_s", seconds(beat.age)}};
}

json encoded(const End& end) {
    return {{"events", end.totals.events}, {"bytes", end.totals.bytes}, {"crc32", end.totals.crc32}};
}

// The error object travels as it is, not as a string in a string.
json encoded(const Fail& fail) {
    json object{{"status", fail.status}, {"may_have_run", fail.may_have_run}};
    if (!fail.retry_after.empty()) {
        object["retry_after"] = fail.retry_after;
    }
    const auto error = api::parse_json<json>(fail.error);
    object["error"] = error.is_object() && error.contains("error") ? error["error"] : json(fail.error);
    return object;
}

json encoded(const Data&) {
    return nullptr;
}

json encoded(const Gone&) {
    return nullptr;
}

// Throws when a member is missing or of another type; decode_control() catches it.
Message decoded(std::string_view name, const json& object) {
    if (name == "head") {
        return Head{api::integer_at<unsigned>(object, "status"), object.value("content_type", "")};
    }
    if (name == "beat") {
        return Beat{api::integer_at<std::uint64_t>(object, "next"), from_seconds(object.value("age_s", 0.0))};
    }
    if (name == "end") {
        return End{{.events = api::integer_at<std::uint64_t>(object, "events"),
                    .bytes = api::integer_at<std::uint64_t>(object, "bytes"),
                    .crc32 = api::integer_at<std::uint32_t>(object, "crc32")}};
    }
    return Fail{api::integer_at<unsigned>(object, "status"), api::dump_json(json{{"error", object.at("error")}}),
                object.value("retry_after", ""), object.value("may_have_run", true)};
}

}  // namespace

std::string_view name_of(const Message& message) {
    return kNames[message.index()];
}

std::string encode_control(const Message& message) {
    const auto object = std::visit([](const auto& each) { return encoded(each); }, message);
    return object.is_null() ? "" : api::dump_json(object);
}

Result<Message> decode_control(std::string_view name, std::string_view json_text) {
    if (name == "gone") {
        return Message(Gone{});
    }
    if (name != "head" && name != "beat" && name != "end" && name != "error") {
        return Error{"an unknown message \"", name, "\""};
    }
    const auto object = api::parse_json<json>(json_text);
    if (!object.is_object()) {
        return Error{"a message \"", name, "\" that is no JSON object"};
    }
    try {
        return decoded(name, object);
    } catch (const std::exception& problem) {
        return Error{"a message \"", name, "\" that cannot be read: ", problem.what()};
    }
}

}  // namespace lamd::transport::stream
