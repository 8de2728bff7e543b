// What happened, for people and for the journal: a message and its fields. Where it goes (terminal, JSON, journald) is
// a Sink chosen by main; a library below supervisor/ logs at most debug and returns its errors instead.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace lamd::log {

enum class Level { debug, info, warning, error };

/// `debug`, `info`, `warning`, `error`.
[[nodiscard]] std::string_view to_string(Level level);

/// A fact beside the message, under a snake_case name (`tunnel`, `state`): a field of its own in JSON and journald.
struct Field {
    std::string_view name;
    std::string value;
};

/// The field that says whose words a line is, where it is not lamd that speaks: journald's SYSLOG_IDENTIFIER.
inline constexpr std::string_view kSource = "source";

class Sink {
public:
    virtual ~Sink() = default;
    virtual void write(Level level, std::string_view message, std::span<const Field> fields) = 0;
};

class Logger {
public:
    /// `sink` outlives the logger.
    explicit Logger(Sink& sink, Level threshold = Level::info) : sink_(sink), threshold_(threshold) {}

    void debug(std::string_view message, std::initializer_list<Field> fields = {}) {
        write(Level::debug, message, fields);
    }
    void info(std::string_view message, std::initializer_list<Field> fields = {}) {
        write(Level::info, message, fields);
    }
    void warning(std::string_view message, std::initializer_list<Field> fields = {}) {
        write(Level::warning, message, fields);
    }
    void error(std::string_view message, std::initializer_list<Field> fields = {}) {
        write(Level::error, message, fields);
    }

    [[nodiscard]] bool is_enabled(Level level) const {
        return level >= threshold_;
    }
    void set_threshold(Level threshold) {
        threshold_ = threshold;
    }

private:
    void write(Level level, std::string_view message, std::initializer_list<Field> fields);

    Sink& sink_;
    Level threshold_;
};

}  // namespace lamd::log
