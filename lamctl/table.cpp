#include "lamctl/table.h"

#include <algorithm>
#include <numeric>

namespace lamd::lamctl {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kIndent = 4;

std::vector<std::size_t> measure(const std::vector<std::string>& header, const std::vector<Row>& rows) {
    std::vector<std::size_t> widths;
    for (std::size_t column = 0; column + 1 < header.size(); ++column) {
        std::size_t width = display_width(header[column]);
        for (const Row& row : rows) {
            width = std::max(width, display_width(row.cells[column].text));
        }
        widths.push_back(width);
    }
    return widths;
}

bool is_last_column_beside(const Look& look, std::size_t left, const std::vector<Row>& rows) {
    return std::ranges::all_of(rows, [&](const Row& row) {
        return std::ranges::all_of(row.last,
                                   [&](const std::string& line) { return left + display_width(line) <= look.width; });
    });
}

void append_line(std::string& out, std::string line) {
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
}

void append_indented(std::string& out, const Look& look, const std::string& text) {
    const std::size_t width = look.width > 2 * kIndent ? look.width - kIndent : look.width;
    for (const std::string& line : wrap(text, width)) {
        append_line(out, std::string(look.width - width, ' ') + line);
    }
}

}  // namespace

std::string render_table(const Look& look, const std::vector<std::string>& header, const std::vector<Row>& rows) {
    if (rows.empty()) {
        return "";
    }
    const auto widths = measure(header, rows);
    const std::size_t left = std::accumulate(widths.begin(), widths.end(), widths.size() * kGap);
    const bool is_beside = is_last_column_beside(look, left, rows);
    std::string out;
    std::string line;
    for (std::size_t column = 0; column < widths.size(); ++column) {
        line += padded(header[column], widths[column] + kGap);
    }
    line += is_beside ? header.back() : "";
    line.erase(line.find_last_not_of(' ') + 1);
    out += styled(look, Style::dim, line) + "\n";
    for (const Row& row : rows) {
        line.clear();
        for (std::size_t column = 0; column < widths.size(); ++column) {
            const Cell& cell = row.cells[column];
            const std::string padding = padded("", widths[column] + kGap - display_width(cell.text));
            line += styled(look, cell.style, cell.text) + padding;
        }
        append_line(out, line + (is_beside && !row.last.empty() ? row.last.front() : ""));
        for (std::size_t i = is_beside ? 1 : 0; i < row.last.size(); ++i) {
            is_beside ? append_line(out, std::string(left, ' ') + row.last[i])
                      : append_indented(out, look, row.last[i]);
        }
        for (const std::string& detail : row.details) {
            append_indented(out, look, detail);
        }
    }
    return out;
}

}  // namespace lamd::lamctl
