#include "transport/openai/json_scan.h"

#include <fmt/format.h>

#include <cstddef>

namespace lamd::transport::openai {

namespace {

constexpr int kDepthLimit = 256;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_hex(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// Each function takes one thing off the text and returns whether it was there. The first that misses it says what.
class Scanner {
public:
    explicit Scanner(std::string_view text) : text_(text) {}

    bool document(std::vector<JsonMember>& members) {
        skip_space();
        const bool is_object = peek() == '{' || miss("a JSON object");
        if (!is_object || !object(1, &members)) {
            return false;
        }
        skip_space();
        return position_ == text_.size() || miss("the end of the text");
    }

    [[nodiscard]] std::string_view missed() const {
        return missed_;
    }
    [[nodiscard]] std::size_t position() const {
        return position_;
    }

private:
    bool value(int depth) {
        switch (peek()) {
            case '{':
                return object(depth + 1, nullptr);
            case '[':
                return array(depth + 1);
            case '"':
                return string();
            case 't':
                return word("true");
            case 'f':
                return word("false");
            case 'n':
                return word("null");
            default:
                return number();
        }
    }

    bool object(int depth, std::vector<JsonMember>* members) {
        if (depth > kDepthLimit) {
            return miss("less nesting");
        }
        ++position_;
        skip_space();
        if (take('}')) {
            return true;
        }
        for (;;) {
            if (!member(depth, members)) {
                return false;
            }
            skip_space();
            if (take('}')) {
                return true;
            }
            if (!take(',')) {
                return miss("',' or '}'");
            }
            skip_space();
        }
    }

    bool member(int depth, std::vector<JsonMember>* members) {
        const std::size_t name = position_;
        if (peek() != '"' || !string()) {
            return miss("a member's name in quotes");
        }
        const std::size_t name_end = position_;
        skip_space();
        if (!take(':')) {
            return miss("':'");
        }
        skip_space();
        const std::size_t begin = position_;
        if (!value(depth)) {
            return false;
        }
        if (members != nullptr) {
            members->push_back({text_.substr(name + 1, name_end - name - 2), text_.substr(begin, position_ - begin)});
        }
        return true;
    }

    bool array(int depth) {
        if (depth > kDepthLimit) {
            return miss("less nesting");
        }
        ++position_;
        skip_space();
        if (take(']')) {
            return true;
        }
        for (;;) {
            if (!value(depth)) {
                return false;
            }
            skip_space();
            if (take(']')) {
                return true;
            }
            if (!take(',')) {
                return miss("',' or ']'");
            }
            skip_space();
        }
    }

    bool string() {
        for (++position_; position_ < text_.size(); ++position_) {
            const char c = text_[position_];
            if (c == '"') {
                ++position_;
                return true;
            }
            if (static_cast<unsigned char>(c) < 0x20) {
                return miss("a control character to be escaped");
            }
            if (c == '\\' && !escape()) {
                return false;
            }
        }
        return miss("the end of a string");
    }

    // Ends on the last character of the escape.
    bool escape() {
        ++position_;
        if (peek() != 'u') {
            return (peek() != '\0' && std::string_view("\"\\/bfnrt").find(peek()) != std::string_view::npos) ||
                   miss("an escape that JSON knows");
        }
        for (int i = 0; i < 4; ++i) {
            ++position_;
            if (!is_hex(peek())) {
                return miss("four hexadecimal digits");
            }
        }
        return true;
    }

    bool number() {
        take('-');
        if (!take('0') && !digits()) {
            return miss("a value");
        }
        if (take('.') && !digits()) {
            return miss("a digit");
        }
        if (take('e') || take('E')) {
            static_cast<void>(take('+') || take('-'));
            return digits() || miss("a digit");
        }
        return true;
    }

    bool digits() {
        const std::size_t begin = position_;
        while (is_digit(peek())) {
            ++position_;
        }
        return position_ > begin;
    }

    bool word(std::string_view word) {
        if (text_.substr(position_, word.size()) != word) {
            return miss("a value");
        }
        position_ += word.size();
        return true;
    }

    [[nodiscard]] char peek() const {
        return position_ < text_.size() ? text_[position_] : '\0';
    }

    bool take(char c) {
        if (position_ < text_.size() && text_[position_] == c) {
            ++position_;
            return true;
        }
        return false;
    }

    void skip_space() {
        while (position_ < text_.size() &&
               std::string_view(" \t\n\r").find(text_[position_]) != std::string_view::npos) {
            ++position_;
        }
    }

    bool miss(std::string_view what) {
        if (missed_.empty()) {
            missed_ = what;
        }
        return false;
    }

    std::string_view text_;
    std::size_t position_ = 0;
    std::string_view missed_;
};

}  // namespace

Result<void> scan_json_object(std::string_view text, std::vector<JsonMember>& members) {
    Scanner scanner(text);
    if (!scanner.document(members)) {
        return Error{fmt::format("expected {} at byte {}", scanner.missed(), scanner.position())};
    }
    return {};
}

}  // namespace lamd::transport::openai
