#include "base/secret_file.h"

#include "base/text_file.h"

#include <utility>

namespace lamd {

Result<Secret> read_secret(std::string_view what, const std::string& file) {
    auto text = read_text(what, file);
    if (!text) {
        return text.error();
    }
    return Secret(std::move(*text));
}

}  // namespace lamd
