#include "supervisor/output_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace lamd::supervisor {

namespace {

constexpr std::string_view kCut = " […]";

// Nothing that a terminal obeys.
char shown(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f ? ' ' : c;
}

}  // namespace

std::vector<std::string> OutputLines::feed(std::string_view bytes, Instant now) {
    std::vector<std::string> lines;
    while (!bytes.empty()) {
        const auto end = bytes.find('\n');
        add(bytes.substr(0, end));
        if (end == std::string_view::npos) {
            break;
        }
        end_line(lines, now);
        bytes.remove_prefix(end + 1);
    }
    return lines;
}

std::vector<std::string> OutputLines::finish(Instant now) {
    std::vector<std::string> lines;
    if (!line_.empty()) {
        end_line(lines, now);
    }
    tell_left_out(lines);
    return lines;
}

void OutputLines::add(std::string_view bytes) {
    const auto part = bytes.substr(0, is_cut_ ? 0 : kLongest - line_.size());
    std::ranges::transform(part, std::back_inserter(line_), shown);
    if (part.size() < bytes.size() && !std::exchange(is_cut_, true)) {
        line_ += kCut;
    }
}

void OutputLines::end_line(std::vector<std::string>& lines, Instant now) {
    is_cut_ = false;
    line_.erase(line_.find_last_not_of(' ') + 1);
    if (line_.empty()) {
        return;
    }
    last_ = line_;
    if (may_pass(now)) {
        tell_left_out(lines);
        lines.push_back(std::move(line_));
    } else {
        ++left_out_;
    }
    line_.clear();
}

bool OutputLines::may_pass(Instant now) {
    const auto refill = refilled_ == Instant{} ? 0.0 : seconds(now - refilled_) * kRate;
    allowance_ = std::min<double>(kBurst, allowance_ + refill);
    refilled_ = now;
    if (allowance_ < 1) {
        return false;
    }
    allowance_ -= 1;
    return true;
}

void OutputLines::tell_left_out(std::vector<std::string>& lines) {
    if (const auto count = std::exchange(left_out_, 0); count > 0) {
        lines.push_back(fmt::format("({} lines left out: more than {} a second)", count, kRate));
    }
}

}  // namespace lamd::supervisor
