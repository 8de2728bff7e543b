#include "systemd/journal.h"

#include <fmt/format.h>
// systemd's header would otherwise add the place of this file to every line.
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include <sys/stat.h>
#include <sys/uio.h>
#include <syslog.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

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

}  // namespace

std::vector<std::string> journal_entry(log::Level level, std::string_view message, std::span<const log::Field> fields) {
    std::vector<std::string> entry;
    entry.reserve(fields.size() + 3);
    entry.push_back(fmt::format("MESSAGE={}", message));
    entry.push_back(fmt::format("PRIORITY={}", priority(level)));
    entry.push_back("SYSLOG_IDENTIFIER=lamd");
    for (const auto& field : fields) {
        entry.push_back(fmt::format("{}={}", capitals(field.name), field.value));
    }
    return entry;
}

void JournalSink::write(log::Level level, std::string_view message, std::span<const log::Field> fields) {
    auto entry = journal_entry(level, message, fields);
    std::vector<iovec> parts;
    parts.reserve(entry.size());
    for (auto& line : entry) {
        parts.push_back({line.data(), line.size()});
    }
    sd_journal_sendv(parts.data(), static_cast<int>(parts.size()));  // nobody is left to be told of an error
}

bool is_stderr_the_journal() {
    const char* stream = std::getenv("JOURNAL_STREAM");
    struct stat status{};
    if (stream == nullptr || fstat(STDERR_FILENO, &status) < 0) {
        return false;
    }
    return fmt::format("{}:{}", status.st_dev, status.st_ino) == stream;
}

}  // namespace lamd::systemd
