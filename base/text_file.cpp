#include "base/text_file.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

namespace lamd {

Result<std::string> read_text(std::string_view what, const std::string& file) {
    std::ifstream stream(file, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(stream), {}};
    if (!stream.is_open() || stream.bad()) {
        return Error{"read ", what, " ", file, ": ", std::strerror(errno)};
    }
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) {
        text.pop_back();
    }
    return text;
}

}  // namespace lamd
