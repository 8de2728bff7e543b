// One answer of a model on its way to the terminal: text as it comes, and the figures of how fast it came.
#pragma once

#include "api/chat.h"
#include "base/clock.h"
#include "lamctl/outcome.h"
#include "lamctl/text.h"

#include <optional>
#include <string>
#include <string_view>

namespace lamd::lamctl {

/// How fast an answer came: by the server's own figures where it sends them, else as counted here.
class Figures {
public:
    explicit Figures(Instant start) : start_(start) {}

    void add(const api::ChatEvent& event, Instant now);

    /// `first token after 0.21s, 42.5 tokens/s (120 tokens)`; empty when nothing came.
    [[nodiscard]] std::string describe() const;

private:
    Instant start_;
    std::optional<Instant> first_;
    Instant last_;
    std::uint64_t events_ = 0;
    std::optional<std::uint64_t> tokens_;
    std::optional<double> rate_;
};

/// Turns the events of an answer into what goes to standard output. Reasoning is shown on a terminal only: a pipe
/// wants the answer.
class AnswerText {
public:
    explicit AnswerText(Look look) : look_(look) {}

    [[nodiscard]] std::string add(const api::ChatEvent& event);

    /// What is missing at the end: the reset of a style, a last newline.
    [[nodiscard]] std::string end();

private:
    enum class Part { none, reasoning, content };

    [[nodiscard]] std::string begin(Part part);
    [[nodiscard]] std::string shown(std::string_view text);

    Look look_;
    Part part_ = Part::none;
    bool is_at_line_start_ = true;
};

}  // namespace lamd::lamctl
