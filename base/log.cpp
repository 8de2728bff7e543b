#include "base/log.h"

namespace lamd::log {

std::string_view to_string(Level level) {
    switch (level) {
        case Level::debug:
            return "debug";
        case Level::info:
            return "info";
        case Level::warning:
            return "warning";
        case Level::error:
            return "error";
    }
    return "";
}

void Logger::write(Level level, std::string_view message, std::initializer_list<Field> fields) {
    if (is_enabled(level)) {
        sink_.write(level, message, std::span(fields.begin(), fields.size()));
    }
}

}  // namespace lamd::log
