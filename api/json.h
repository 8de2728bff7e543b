// Two archives over one description of each type: Writer makes a JSON object, Reader fills a value from one. Private to
// api/: whoever needs JSON includes codec.h, chat.h or error.h.
//
// A type is described once, by `fields(archive, value)` in schema.h, which calls `archive(key, member)` for each
// member, or `archive.required(key, member)` for what identifies the object.
#pragma once

#include "api/codec.h"
#include "api/parse.h"

#include <nlohmann/json.hpp>

#include <concepts>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace lamd::api::json {

using Json = nlohmann::ordered_json;

/// The member, unless it is missing or null.
[[nodiscard]] inline const Json* find(const Json& object, const char* key) {
    const auto member = object.is_object() ? object.find(key) : object.end();
    return member == object.end() || member->is_null() ? nullptr : &*member;
}

/// Empty where it is no text.
[[nodiscard]] inline std::string text(const Json& object, const char* key) {
    const Json* member = find(object, key);
    return member != nullptr && member->is_string() ? member->get<std::string>() : std::string();
}

class Writer {
public:
    template <class T>
    void operator()(const char* key, const T& value) {
        json_[key] = write(value);
    }
    template <class T>
    void operator()(const char* key, const std::optional<T>& value) {
        if (value) {
            json_[key] = write(*value);
        }
    }
    template <class T>
    void required(const char* key, const T& value) {
        (*this)(key, value);
    }

    template <class T>
    [[nodiscard]] static Json write(const T& value) {
        if constexpr (std::is_arithmetic_v<T> || std::same_as<T, std::string>) {
            return value;
        } else if constexpr (std::same_as<T, WallTime>) {
            return rfc3339(value);
        } else {
            Writer writer;
            fields(writer, value);
            return std::move(writer.json_);
        }
    }
    template <class T>
    [[nodiscard]] static Json write(const std::vector<T>& values) {
        Json array = Json::array();
        for (const T& value : values) {
            array.push_back(write(value));
        }
        return array;
    }

private:
    Json json_ = Json::object();
};

/// One object at a place (a JSON pointer). The first error stays, and ends the reading of everything after it.
class Reader {
public:
    Reader(const Json& json, std::string place, std::optional<Error>& error)
        : json_(json), place_(std::move(place)), error_(error) {
        if (!json_.is_object()) {
            fail(place_, "an object", json_);
        }
    }

    template <class T>
    void operator()(const char* key, T& value) {
        if (const Json* member = find(key)) {
            read(*member, at(key), value);
        }
    }
    template <class T>
    void required(const char* key, T& value) {
        (*this)(key, value);
        if (!error_ && find(key) == nullptr) {
            error_ = Error{at(key) + ": missing"};
        }
    }

private:
    [[nodiscard]] std::string at(std::string_view key) const {
        return place_ + "/" + std::string(key);
    }
    /// The member, unless it is missing or null, or reading has failed.
    [[nodiscard]] const Json* find(const char* key) const {
        if (error_) {
            return nullptr;
        }
        const auto member = json_.find(key);
        return member == json_.end() || member->is_null() ? nullptr : &*member;
    }
    void fail(const std::string& place, std::string_view expected, const Json& found);

    void read(const Json& json, const std::string& place, std::string& value);
    void read(const Json& json, const std::string& place, bool& value);
    void read(const Json& json, const std::string& place, double& value);
    void read(const Json& json, const std::string& place, WallTime& value);
    template <std::integral T>
    void read(const Json& json, const std::string& place, T& value) {
        if (const auto number = integer<T>(json)) {
            value = *number;
        } else {
            fail(place, std::is_signed_v<T> ? "an integer" : "a count", json);
        }
    }
    template <class T>
    void read(const Json& json, const std::string& place, std::optional<T>& value) {
        read(json, place, value.emplace());
    }
    template <class T>
    void read(const Json& json, const std::string& place, std::vector<T>& values) {
        if (!json.is_array()) {
            fail(place, "an array", json);
            return;
        }
        values.clear();
        for (const Json& element : json) {
            const std::string index = std::to_string(values.size());
            read(element, place + "/" + index, values.emplace_back());
        }
    }
    template <class T>
        requires std::is_aggregate_v<T>
    void read(const Json& json, const std::string& place, T& value) {
        Reader reader(json, place, error_);
        fields(reader, value);
    }

    const Json& json_;
    std::string place_;
    std::optional<Error>& error_;
};

/// The document, or where it is not JSON.
[[nodiscard]] Result<Json> parse(std::string_view text);

/// The value at a place of a document.
template <class T>
[[nodiscard]] Result<T> read_at(const Json& json, std::string place) {
    std::optional<Error> error;
    T value;
    Reader reader(json, std::move(place), error);
    fields(reader, value);
    if (error) {
        return *std::move(error);
    }
    return value;
}

template <class T>
[[nodiscard]] Result<T> read(std::string_view text) {
    const auto json = parse(text);
    if (!json) {
        return json.error();
    }
    return read_at<T>(*json, "");
}

}  // namespace lamd::api::json
