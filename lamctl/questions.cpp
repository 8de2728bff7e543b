#include "lamctl/questions.h"

#include "lamctl/descriptor.h"
#include "lamctl/interrupt.h"
#include "lamctl/text.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <array>

namespace lamd::lamctl {

Questions::Questions(const Context& context)
    : context_(context), is_asking_(isatty(context.in) == 1 && isatty(context.error) == 1) {}

Outcome<std::string> Questions::ask(std::string_view question, std::string_view option,
                                    const std::optional<std::string>& given, const std::string& usual) {
    if (given) {
        return *given;
    }
    if (!is_asking_ && usual.empty()) {
        return Failure{ExitCode::usage, fmt::format("{} is missing", option), "on a terminal lamctl init asks for it"};
    }
    while (is_asking_) {
        const auto mark = usual.empty() ? std::string() : fmt::format(" [{}]", usual);
        if (auto written = write_all(context_.error, fmt::format("{}{}: ", question, mark)); !written) {
            return written.error();
        }
        auto line = read_line();
        if (!line || !line->empty()) {
            return line;
        }
        if (!usual.empty()) {
            break;
        }
    }
    return usual;
}

Outcome<bool> Questions::agree(std::string_view question) {
    if (!is_asking_) {
        return false;
    }
    if (auto written = write_all(context_.error, fmt::format("{} [y/N]: ", question)); !written) {
        return written.error();
    }
    const auto line = read_line();
    if (!line) {
        return line.error();
    }
    return *line == "y" || *line == "yes" || *line == "Y";
}

Outcome<std::string> Questions::read_line() {
    const Interrupt interrupt;
    for (;;) {
        if (const auto end = unread_.find('\n'); end != std::string::npos) {
            std::string line(trimmed(std::string_view(unread_).substr(0, end)));
            unread_.erase(0, end + 1);
            return line;
        }
        if (auto ready = wait_for(context_.in, POLLIN, {interrupt.fd(), std::nullopt, -1}); !ready) {
            return ready.error();
        }
        std::array<char, 512> buffer{};
        const auto count = read(context_.in, buffer.data(), buffer.size());
        if (count <= 0) {
            return Failure{ExitCode::interrupted, "", ""};
        }
        unread_.append(buffer.data(), static_cast<std::size_t>(count));
    }
}

}  // namespace lamd::lamctl
