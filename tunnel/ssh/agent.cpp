#include "tunnel/ssh/agent.h"

#include "tunnel/ssh/encoding.h"

#include <fmt/format.h>
#include <boost/asio/buffer.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <array>

namespace lamd::tunnel::ssh {

namespace {

constexpr std::uint32_t kLargestMessage = 256 * 1024;

// Message numbers and flags of the agent protocol.
constexpr char kRequestIdentities = 11;
constexpr std::uint8_t kIdentitiesAnswer = 12;
constexpr char kSignRequest = 13;
constexpr std::uint8_t kSignResponse = 14;
constexpr std::uint32_t kSha256 = 2;
constexpr std::uint32_t kSha512 = 4;

// An RSA key signs with the digest that the request to be signed names.
std::uint32_t flags_for(std::string_view data) {
    Reader reader(data);
    static_cast<void>(reader.string());  // session identifier
    static_cast<void>(reader.byte());    // SSH_MSG_USERAUTH_REQUEST
    static_cast<void>(reader.string());  // user
    static_cast<void>(reader.string());  // service
    static_cast<void>(reader.string());  // "publickey"
    static_cast<void>(reader.byte());
    const auto algorithm = reader.string();
    return algorithm == "rsa-sha2-512" ? kSha512 : algorithm == "rsa-sha2-256" ? kSha256 : 0;
}

}  // namespace

asio::awaitable<Result<std::string>> Agent::ask(std::string message) {
    std::string framed;
    put_string(framed, message);
    if (const auto [error, size] = co_await asio::async_write(socket_, asio::buffer(framed), kNoThrow); error) {
        co_return Error{"ask the ssh-agent at ", path_, ": ", error.message()};
    }
    std::array<char, 4> head{};
    if (const auto [error, size] = co_await asio::async_read(socket_, asio::buffer(head), kNoThrow); error) {
        co_return Error{"read from the ssh-agent at ", path_, ": ", error.message()};
    }
    const auto length = Reader({head.data(), head.size()}).number();
    if (length == 0 || length > kLargestMessage) {
        co_return Error{"the ssh-agent at ", path_, " sent a message of an impossible length"};
    }
    std::string answer(length, '\0');
    if (const auto [error, size] = co_await asio::async_read(socket_, asio::buffer(answer), kNoThrow); error) {
        co_return Error{"read from the ssh-agent at ", path_, ": ", error.message()};
    }
    co_return answer;
}

asio::awaitable<Result<std::vector<AgentKey>>> Agent::keys() {
    const asio::local::stream_protocol::endpoint endpoint(path_);
    if (const auto [error] = co_await socket_.async_connect(endpoint, kNoThrow); error) {
        co_return Error{"connect to the ssh-agent at ", path_, ": ", error.message()};
    }
    const auto answer = co_await ask(std::string(1, kRequestIdentities));
    if (!answer) {
        co_return answer.error();
    }
    Reader reader(*answer);
    if (reader.byte() != kIdentitiesAnswer) {
        co_return Error{"the ssh-agent at ", path_, " does not tell its keys"};
    }
    std::vector<AgentKey> keys;
    for (auto count = reader.number(); count > 0 && reader.is_good(); --count) {
        AgentKey key;
        key.blob = reader.string();
        key.comment = reader.string();
        if (reader.is_good()) {
            keys.push_back(std::move(key));
        }
    }
    co_return keys;
}

asio::awaitable<Result<std::string>> Agent::sign(std::string blob, std::string data) {
    std::string message(1, kSignRequest);
    put_string(message, blob);
    put_string(message, data);
    put_number(message, flags_for(data));
    const auto answer = co_await ask(std::move(message));
    if (!answer) {
        co_return answer.error();
    }
    Reader reader(*answer);
    if (reader.byte() != kSignResponse) {
        co_return Error{"the ssh-agent at ", path_, " refused to sign (was it confirmed?)"};
    }
    Reader signature(reader.string());
    static_cast<void>(signature.string());  // the algorithm's name
    const auto bare = signature.string();
    if (!signature.is_good() || bare.empty()) {
        co_return Error{"the ssh-agent at ", path_, " sent a malformed signature"};
    }
    co_return std::string(bare);
}

}  // namespace lamd::tunnel::ssh
