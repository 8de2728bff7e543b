#include "api/parse.h"

namespace lamd::api {

bool is_shallow(std::string_view text) {
    constexpr int kDeepest = 256;
    int depth = 0;
    bool is_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        switch (text[i]) {
            case '"':
                is_string = !is_string;
                break;
            case '\\':
                i += is_string ? 1 : 0;
                break;
            case '[':
            case '{':
                depth += is_string ? 0 : 1;
                break;
            case ']':
            case '}':
                depth -= is_string ? 0 : 1;
                break;
            default:
                break;
        }
        if (depth > kDeepest) {
            return false;
        }
    }
    return true;
}

}  // namespace lamd::api
