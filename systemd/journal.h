// Log lines for journald, with their fields as fields: `journalctl TUNNEL=home STATE=up`.
#pragma once

#include "base/log.h"

#include <cstdint>
#include <string>

namespace lamd::systemd {

/// A journal that is too busy to take a line is not waited for: the line is lost, and how many were is said as soon as
/// one is taken again.
class JournalSink final : public log::Sink {
public:
    explicit JournalSink(std::string socket = "/run/systemd/journal/socket") : socket_(std::move(socket)) {}

    void write(log::Level level, std::string_view message, std::span<const log::Field> fields) override;

private:
    std::string socket_;
    std::uint64_t lost_ = 0;
};

/// MESSAGE, PRIORITY, SYSLOG_IDENTIFIER, then the fields, their names in capitals as systemd.journal-fields(7) wants
/// them; serialised for the journal's native protocol.
[[nodiscard]] std::string journal_entry(log::Level level, std::string_view message, std::span<const log::Field> fields);

/// Whether stderr leads to journald (JOURNAL_STREAM), so that lamd may as well speak to it directly.
[[nodiscard]] bool is_stderr_the_journal();

}  // namespace lamd::systemd
