// Finds the members of a JSON object (RFC 8259) without building anything from the rest: a request may be 32 MiB of
// images, of which the gateway needs to know five small members, and other answers must not wait meanwhile. The whole
// text is checked, but for UTF-8 within strings and duplicate names.
#pragma once

#include "base/result.h"

#include <string_view>
#include <vector>

namespace lamd::transport::openai {

struct JsonMember {
    std::string_view name;   ///< as written, without the quotes
    std::string_view value;  ///< as written
};

/// Fills `members` in order, pointing into `text`. The error says what was expected, and at which byte.
[[nodiscard]] Result<void> scan_json_object(std::string_view text, std::vector<JsonMember>& members);

}  // namespace lamd::transport::openai
