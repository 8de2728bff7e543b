#include "daemon/log_sinks.h"

#include "api/parse.h"
#include "base/environment.h"
#include "systemd/journal.h"

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/ansicolor_sink.h>

#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>

namespace lamd::daemon {

namespace {

spdlog::level::level_enum to_spdlog(log::Level level) {
    switch (level) {
        case log::Level::debug:
            return spdlog::level::debug;
        case log::Level::info:
            return spdlog::level::info;
        case log::Level::warning:
            return spdlog::level::warn;
        case log::Level::error:
            return spdlog::level::err;
    }
    return spdlog::level::err;
}

bool needs_quotes(std::string_view value) {
    return value.empty() || value.find_first_of(" \"=\n\t") != std::string_view::npos;
}

}  // namespace

std::string to_text(std::span<const log::Field> fields) {
    std::string text;
    for (const auto& field : fields) {
        fmt::format_to(std::back_inserter(text), " {}=", field.name);
        if (!needs_quotes(field.value)) {
            text += field.value;
            continue;
        }
        text += '"';
        for (const char c : field.value) {
            text += c == '"' ? '\'' : c == '\n' ? ' ' : c;
        }
        text += '"';
    }
    return text;
}

TextSink::TextSink() {
    const bool is_plain = !environment("NO_COLOR").empty();
    auto sink = std::make_shared<spdlog::sinks::ansicolor_stderr_sink_st>(is_plain ? spdlog::color_mode::never
                                                                                   : spdlog::color_mode::automatic);
    logger_ = std::make_unique<spdlog::logger>("lamd", std::move(sink));
    logger_->set_pattern("%Y-%m-%d %H:%M:%S.%e %^%-7l%$ %v");
    logger_->set_level(spdlog::level::trace);  // what is logged is decided by log::Logger
}

TextSink::~TextSink() = default;

void TextSink::write(log::Level level, std::string_view message, std::span<const log::Field> fields) {
    logger_->log(to_spdlog(level), "{}{}", message, to_text(fields));
}

void JsonSink::write(log::Level level, std::string_view message, std::span<const log::Field> fields) {
    nlohmann::ordered_json line{
        {"time", rfc3339(clock_.wall())}, {"level", log::to_string(level)}, {"message", message}};
    for (const auto& field : fields) {
        line[std::string(field.name)] = field.value;
    }
    out_ << api::dump_json(line) << '\n' << std::flush;
}

std::unique_ptr<log::Sink> make_sink(config::LogFormat format, const Clock& clock) {
    switch (format) {
        case config::LogFormat::json:
            return std::make_unique<JsonSink>(std::cerr, clock);
        case config::LogFormat::journal:
            return std::make_unique<systemd::JournalSink>();
        case config::LogFormat::text:
            return std::make_unique<TextSink>();
        case config::LogFormat::automatic:
            break;
    }
    if (systemd::is_stderr_the_journal()) {
        return std::make_unique<systemd::JournalSink>();
    }
    return std::make_unique<TextSink>();
}

}  // namespace lamd::daemon
