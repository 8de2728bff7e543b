#include "gateway/cursors.h"

#include "api/parse.h"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <fstream>
#include <utility>

namespace lamd::gateway {

namespace {

using nlohmann::json;

constexpr Duration kKept = std::chrono::hours(1);
constexpr std::size_t kMost = 10'000;

std::string to_line(const Cursor& cursor) {
    const auto begun = std::chrono::duration_cast<std::chrono::milliseconds>(cursor.begun.time_since_epoch());
    json line{{"id", cursor.id},           {"server", cursor.server},   {"attempt", cursor.attempt},
              {"uid", cursor.uid},         {"choices", cursor.choices}, {"key", cursor.key},
              {"request", cursor.request}, {"begun_ms", begun.count()}};
    if (cursor.thinking) {
        line["thinking"] = to_string(*cursor.thinking);
    }
    return api::dump_json(line) + "\n";
}

// The last line of a lamd that was killed may be half a line.
std::optional<Cursor> from_line(const std::string& text) {
    const auto line = api::parse_json<json>(text);
    if (!line.is_object()) {
        return std::nullopt;
    }
    try {
        Cursor cursor;
        cursor.id = line.at("id");
        cursor.server = line.at("server");
        cursor.attempt = line.at("attempt");
        cursor.uid = api::integer_at<std::uint32_t>(line, "uid");
        cursor.choices = line.value("choices", cursor.choices);
        cursor.key = line.value("key", "");
        cursor.request = line.value("request", cursor.request);
        cursor.begun = WallTime(std::chrono::milliseconds(api::integer_at<std::int64_t>(line, "begun_ms")));
        if (const auto thinking = line.value("thinking", ""); !thinking.empty()) {
            cursor.thinking = thinking == "keep" ? config::Reasoning::keep : config::Reasoning::drop;
        }
        return cursor;
    } catch (const std::exception&) {
        return std::nullopt;
    }
}

}  // namespace

Cursors::Cursors(std::string file, WallTime now) : file_(std::move(file)) {
    if (!file_.empty()) {
        load(now);
    }
}

void Cursors::load(WallTime now) {
    std::ifstream lines(file_);
    for (std::string line; std::getline(lines, line);) {
        if (auto cursor = from_line(line)) {
            cursors_[cursor->id] = std::move(*cursor);
        }
    }
    lines.close();
    prune(now);
    const auto fresh = file_ + ".new";
    std::ofstream out(fresh, std::ios::trunc);
    for (const auto& [id, cursor] : cursors_) {
        out << to_line(cursor);
    }
    out.close();
    if (out) {
        std::rename(fresh.c_str(), file_.c_str());
    }
}

void Cursors::prune(WallTime now) {
    std::erase_if(cursors_, [now](const auto& entry) { return entry.second.begun + kKept < now; });
}

void Cursors::add(Cursor cursor) {
    if (cursors_.size() >= kMost) {
        prune(cursor.begun);
    }
    append(cursor);
    cursors_[cursor.id] = std::move(cursor);
}

void Cursors::append(const Cursor& cursor) const {
    if (file_.empty()) {
        return;
    }
    std::ofstream out(file_, std::ios::app);
    out << to_line(cursor);
}

std::optional<Cursor> Cursors::find(std::string_view id, std::optional<std::uint32_t> uid) const {
    const auto found = cursors_.find(id);
    return found == cursors_.end() || (uid && found->second.uid != *uid) ? std::nullopt : std::optional(found->second);
}

std::optional<Cursor> Cursors::find_key(std::string_view key, std::uint32_t uid) const {
    for (const auto& [id, cursor] : cursors_) {
        if (cursor.key == key && cursor.uid == uid) {
            return cursor;
        }
    }
    return std::nullopt;
}

}  // namespace lamd::gateway
