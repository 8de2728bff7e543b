#include "systemd/journal.h"

#include "base/environment.h"
#include "systemd/datagram.h"

#include <fmt/format.h>

#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace lamd::systemd {

namespace {

int priority(log::Level level) {
    switch (level) {
        case log::Level::debug:
            return LOG_DEBUG;
        case log::Level::info:
            return LOG_INFO;
        case log::Level::warning:
            return LOG_WARNING;
        case log::Level::error:
            return LOG_ERR;
    }
    return LOG_ERR;
}

std::string capitals(std::string_view name) {
    std::string text(name);
    std::ranges::transform(text, text.begin(), [](char c) {
        if (c >= 'a' && c <= 'z') {
            return static_cast<char>(c - 'a' + 'A');
        }
        const bool is_fine = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        return is_fine ? c : '_';
    });
    return text;
}

/// `NAME=value`, or, where the value has line breaks, the name, its size in 64 bits little-endian and the value.
void append(std::string& entry, std::string_view name, std::string_view value) {
    entry += name;
    if (value.find('\n') == std::string_view::npos) {
        entry += '=';
    } else {
        entry += '\n';
        for (auto [size, byte] = std::pair(static_cast<std::uint64_t>(value.size()), 0); byte < 8; ++byte, size >>= 8) {
            entry += static_cast<char>(size & 0xFF);
        }
    }
    entry += value;
    entry += '\n';
}

}  // namespace

std::string journal_entry(log::Level level, std::string_view message, std::span<const log::Field> fields) {
    std::string entry;
    append(entry, "MESSAGE", message);
    append(entry, "PRIORITY", fmt::format("{}", priority(level)));
    const auto source = std::ranges::find(fields, log::kSource, &log::Field::name);
    append(entry, "SYSLOG_IDENTIFIER", source == fields.end() ? "lamd" : source->value);
    for (const auto& field : fields) {
        append(entry, capitals(field.name), field.value);
    }
    return entry;
}

void JournalSink::write(log::Level level, std::string_view message, std::span<const log::Field> fields) {
    if (!send_datagram(socket_, journal_entry(level, message, fields))) {
        ++lost_;
        return;
    }
    if (lost_ > 0) {
        const auto notice = fmt::format("{} lines before this one were lost: the journal did not take them", lost_);
        lost_ = send_datagram(socket_, journal_entry(log::Level::warning, notice, {})) ? 0 : lost_;
    }
}

bool is_stderr_the_journal() {
    const auto stream = environment("JOURNAL_STREAM");
    struct stat status{};
    if (stream.empty() || fstat(STDERR_FILENO, &status) < 0) {
        return false;
    }
    return fmt::format("{}:{}", status.st_dev, status.st_ino) == stream;
}

}  // namespace lamd::systemd
