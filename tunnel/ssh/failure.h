// What a step of a Session answers: nothing yet, a value, or a typed failure.
#pragma once

#include <boost/system/result.hpp>

#include <optional>
#include <stdexcept>
#include <string>

namespace lamd::tunnel::ssh {

enum class FailureKind {
    broken,      ///< the session is over: closed by the peer, or bytes that make no sense
    refused,     ///< the server said no to this request
    key_unfit,   ///< our own private key cannot be read, decrypted or used
    no_methods,  ///< the two sides share no algorithm
    timed_out,   ///< the owner's deadline passed
};

struct Failure {
    FailureKind kind = FailureKind::broken;
    std::string message;
};

[[noreturn]] inline void throw_exception_from_error(const Failure& failure, const boost::source_location&) {
    throw std::logic_error("unchecked failure: " + failure.message);
}

template <class T>
using Outcome = boost::system::result<T, Failure>;
template <class T>
using Attempt = std::optional<Outcome<T>>;

}  // namespace lamd::tunnel::ssh
