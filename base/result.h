// Result<T>: the value of an operation that is expected to fail sometimes, or the Error that says why.
//
// Exceptions are for bugs only; whatever the network, a peer or a person can cause is a Result, handled by the
// immediate caller. An Error is a sentence for a person: what was being done, to what, and what went wrong. Whether it
// can be retried is decided by a machine from typed outcomes, never from this text.
#pragma once

#include <boost/system/result.hpp>

#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace lamd {

class Error {
public:
    Error() = default;

    /// `Error{"open ", path, ": no such file"}`: the parts are joined. A list, so that a Result<std::string> can tell a
    /// text that is its value from one that is its error.
    Error(std::initializer_list<std::string_view> parts) {
        for (const auto part : parts) {
            message += part;
        }
    }

    std::string message;

    /// The same error with what was being done in front: `"open /x: no such file"` becomes `"read the key: open /x:
    /// …"`.
    [[nodiscard]] Error within(std::string_view doing) const {
        return Error{doing, ": ", message};
    }

    friend bool operator==(const Error&, const Error&) = default;
};

/// Called by Result::value() when there is none: asking for it unchecked is a bug, hence an exception.
[[noreturn]] inline void throw_exception_from_error(const Error& error, const boost::source_location&) {
    throw std::logic_error("unchecked error: " + error.message);
}

template <class T>
using Result = boost::system::result<T, Error>;

}  // namespace lamd
