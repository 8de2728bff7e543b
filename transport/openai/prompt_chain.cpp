#include "transport/openai/prompt_chain.h"

#include <algorithm>
#include <functional>
#include <optional>

namespace lamd::transport::openai {

namespace {

constexpr std::size_t kLinks = 64;
constexpr std::size_t kFirstBlock = 1024;
constexpr std::size_t kRead = std::size_t{1} << 20U;  ///< of a prompt: two that begin with the same MiB are the same

constexpr std::string_view kSpace = " \t\n\r";

std::uint64_t hash(std::string_view text) {
    return std::hash<std::string_view>{}(text);
}

// Of a link and what follows it: the order counts (the finalizer of splitmix64 scatters the sum).
std::uint64_t link(std::uint64_t before, std::string_view text) {
    std::uint64_t mixed = before * 3 + hash(text) + 0x9e3779b97f4a7c15U;
    mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebU;
    return mixed ^ (mixed >> 31U);
}

// The elements of a JSON array, as written; the last one may be cut. The text has been checked before (json_scan.h), so
// that looking for quotes and brackets is enough, and fast.
class Elements {
public:
    explicit Elements(std::string_view elements) : rest_(elements) {}

    std::optional<std::string_view> next() {
        rest_.remove_prefix(std::min(rest_.find_first_not_of(kSpace), rest_.size()));
        if (rest_.empty()) {
            return std::nullopt;
        }
        const std::size_t end = end_of_element();
        const auto element = rest_.substr(0, rest_.find_last_not_of(kSpace, end - 1) + 1);
        rest_.remove_prefix(std::min(end + 1, rest_.size()));
        return element;
    }

private:
    [[nodiscard]] std::size_t end_of_element() const {
        int depth = 0;
        for (std::size_t i = 0; i < rest_.size(); ++i) {
            switch (rest_[i]) {
                case '"':
                    i = end_of_string(i);
                    break;
                case '{':
                case '[':
                    ++depth;
                    break;
                case '}':
                case ']':
                    --depth;
                    break;
                case ',':
                    if (depth == 0) {
                        return i;
                    }
                    break;
                default:
                    break;
            }
        }
        return rest_.size();
    }

    // The quote that ends it: one with an even number of backslashes before it.
    [[nodiscard]] std::size_t end_of_string(std::size_t begin) const {
        for (std::size_t quote = rest_.find('"', begin + 1); quote != std::string_view::npos;
             quote = rest_.find('"', quote + 1)) {
            const std::size_t before = rest_.find_last_not_of('\\', quote - 1);
            if ((quote - before) % 2 == 1) {
                return quote;
            }
        }
        return rest_.size();
    }

    std::string_view rest_;
};

void chain_messages(std::string_view messages, std::vector<std::uint64_t>& chain, std::uint64_t last) {
    Elements elements(messages);
    for (auto message = elements.next(); message; message = elements.next()) {
        last = link(last, *message);
        chain.push_back(last);
    }
}

// Blocks grow with their distance from the beginning, so that a long prompt has few. What is left of the last one is no
// link: the next prompt will have more there.
void chain_text(std::string_view text, std::vector<std::uint64_t>& chain, std::uint64_t last) {
    for (std::size_t size = kFirstBlock; size <= text.size(); size += size / 4) {
        last = link(last, text.substr(0, size));
        chain.push_back(last);
        text.remove_prefix(size);
    }
}

}  // namespace

std::vector<std::uint64_t> prompt_chain(const RequestBody& body) {
    std::vector<std::uint64_t> chain;
    const auto root = link(hash(body.model), body.tools);
    const auto inner = [](std::string_view value) { return value.substr(1, std::min(value.size() - 2, kRead)); };
    if (body.messages.starts_with('[')) {
        chain_messages(inner(body.messages), chain, root);
    } else if (body.prompt.starts_with('"')) {
        chain_text(inner(body.prompt), chain, root);
    }
    if (chain.size() > kLinks) {
        chain.erase(chain.begin(), chain.end() - kLinks);
    }
    return chain;
}

}  // namespace lamd::transport::openai
