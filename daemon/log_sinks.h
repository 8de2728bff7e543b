// Where lamd's log lines go: text for people on stderr, JSON lines on stderr for collectors, or the journal.
#pragma once

#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"

#include <memory>
#include <ostream>

namespace spdlog {
class logger;  // NOLINT(readability-identifier-naming): its own name
}

namespace lamd::daemon {

/// `2026-01-31 23:59:59.042 info  tunnel is up  tunnel=home`, coloured on a terminal unless NO_COLOR is set.
class TextSink final : public log::Sink {
public:
    TextSink();
    ~TextSink() override;
    void write(log::Level level, std::string_view message, std::span<const log::Field> fields) override;

private:
    std::unique_ptr<spdlog::logger> logger_;
};

/// One object per line: `time`, `level`, `message`, then the fields.
class JsonSink final : public log::Sink {
public:
    JsonSink(std::ostream& out, const Clock& clock) : out_(out), clock_(clock) {}
    void write(log::Level level, std::string_view message, std::span<const log::Field> fields) override;

private:
    std::ostream& out_;
    const Clock& clock_;
};

/// `automatic`: the journal when stderr leads there, text otherwise.
[[nodiscard]] std::unique_ptr<log::Sink> make_sink(config::LogFormat format, const Clock& clock);

/// ` tunnel=home reason="no route to host"`: fields behind a message, quoted where they must be.
[[nodiscard]] std::string to_text(std::span<const log::Field> fields);

}  // namespace lamd::daemon
