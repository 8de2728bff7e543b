// Log lines for journald, with their fields as fields: `journalctl TUNNEL=home STATE=up`.
#pragma once

#include "base/log.h"

#include <string>
#include <vector>

namespace lamd::systemd {

class JournalSink final : public log::Sink {
public:
    void write(log::Level level, std::string_view message, std::span<const log::Field> fields) override;
};

/// `MESSAGE=…`, `PRIORITY=…` and one entry per field, its name in capitals as systemd.journal-fields(7) wants it.
[[nodiscard]] std::vector<std::string> journal_entry(log::Level level, std::string_view message,
                                                     std::span<const log::Field> fields);

/// Whether stderr leads to journald (JOURNAL_STREAM), so that lamd may as well speak to it directly.
[[nodiscard]] bool is_stderr_the_journal();

}  // namespace lamd::systemd
