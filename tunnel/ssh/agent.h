// A client of an ssh-agent (draft-ietf-sshm-ssh-agent, OpenSSH's PROTOCOL.agent): its keys and their signatures.
// libssh2's own agent code blocks on the socket; this one does not, so that an agent that asks its owner for a touch
// stops nobody.
#pragma once

#include "base/async.h"
#include "base/result.h"

#include <boost/asio/local/stream_protocol.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace lamd::tunnel::ssh {

struct AgentKey {
    std::string blob;
    std::string comment;
};

class Agent {
public:
    Agent(const asio::any_io_executor& executor, std::string path) : socket_(executor), path_(std::move(path)) {}

    /// Connects and asks for the keys.
    [[nodiscard]] asio::awaitable<Result<std::vector<AgentKey>>> keys();

    /// The bare signature (without its algorithm's name) over `data`, an SSH_MSG_USERAUTH_REQUEST as RFC 4252, 7 has it
    /// signed.
    [[nodiscard]] asio::awaitable<Result<std::string>> sign(std::string blob, std::string data);

private:
    [[nodiscard]] asio::awaitable<Result<std::string>> ask(std::string message);

    asio::local::stream_protocol::socket socket_;
    std::string path_;
};

}  // namespace lamd::tunnel::ssh
