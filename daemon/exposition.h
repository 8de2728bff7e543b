// Prometheus' text format: families in order, each declared once, labels escaped, samples with their values.
#pragma once

#include "gateway/figures.h"

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace lamd::daemon {

using Label = std::pair<std::string_view, std::string_view>;
using Labels = std::initializer_list<Label>;

class Exposition {
public:
    enum class Type { counter, gauge, histogram };

    /// Begins a family; the samples that follow belong to it.
    void family(std::string_view name, Type type, std::string_view help);

    void sample(Labels labels, double value);
    void sample(Labels labels, std::uint64_t value);
    void sample(std::uint64_t value) {
        sample({}, value);
    }

    /// All samples of a histogram without labels.
    void histogram(const gateway::Histogram& histogram);

    [[nodiscard]] std::string take() {
        return std::move(text_);
    }

private:
    void line(std::string_view suffix, Labels labels, std::string_view value);

    std::string text_;
    std::string name_;
};

}  // namespace lamd::daemon
