// Lines out of a stream of bytes, from somebody who may send anything: what is too long for a line is dropped up to its
// end.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>

namespace lamd::lamctl::guard {

class LineSplitter {
public:
    static constexpr std::size_t kLongest = 2048;

    /// Calls `take` for each line that is complete, without its end.
    void feed(std::string_view bytes, const std::function<void(std::string_view)>& take) {
        while (!bytes.empty()) {
            const auto end = bytes.find('\n');
            line_.append(bytes.substr(0, std::min(end, kLongest + 1)));
            is_too_long_ = is_too_long_ || line_.size() > kLongest;
            if (is_too_long_) {
                line_.clear();
            }
            if (end == std::string_view::npos) {
                return;
            }
            bytes.remove_prefix(end + 1);
            if (!is_too_long_) {
                take(line_);
            }
            line_.clear();
            is_too_long_ = false;
        }
    }

private:
    std::string line_;
    bool is_too_long_ = false;
};

}  // namespace lamd::lamctl::guard
