// Rows of aligned cells with lines of detail beneath them, fitted to the terminal.
#pragma once

#include "lamctl/text.h"

#include <string>
#include <vector>

namespace lamd::lamctl {

struct Cell {
    std::string text;
    Style style = Style::plain;
};

struct Row {
    std::vector<Cell> cells;
    std::vector<std::string> last;     ///< lines of the last column; beneath the row where they do not fit beside it
    std::vector<std::string> details;  ///< beneath the row, indented and wrapped
};

/// `header` names the cells and, at its end, the last column. Empty without rows.
[[nodiscard]] std::string render_table(const Look& look, const std::vector<std::string>& header,
                                       const std::vector<Row>& rows);

}  // namespace lamd::lamctl
