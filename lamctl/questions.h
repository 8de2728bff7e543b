// What lamctl asks a person at a terminal. Without a terminal nothing is asked: every answer is its default, and one
// that has none is missing.
#pragma once

#include "lamctl/commands.h"
#include "lamctl/outcome.h"

#include <optional>
#include <string>
#include <string_view>

namespace lamd::lamctl {

class Questions {
public:
    explicit Questions(const Context& context);

    [[nodiscard]] bool is_asking() const {
        return is_asking_;
    }

    /// `given`, what the command line has said already, is taken as it is. `option` is its name there.
    [[nodiscard]] Outcome<std::string> ask(std::string_view question, std::string_view option,
                                           const std::optional<std::string>& given, const std::string& usual = {});

    /// False unless the person says y or yes.
    [[nodiscard]] Outcome<bool> agree(std::string_view question);

private:
    [[nodiscard]] Outcome<std::string> read_line();

    const Context& context_;
    bool is_asking_;
    std::string unread_;
};

}  // namespace lamd::lamctl
