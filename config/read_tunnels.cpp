#include "config/addresses.h"
#include "config/sections.h"
#include "config/text.h"
#include "config/values.h"

#include <fmt/format.h>
#include <algorithm>
#include <map>
#include <utility>

namespace lamd::config {
namespace {

using namespace std::chrono_literals;

Result<std::string> parse_user(const std::string& text) {
    constexpr std::size_t kLongest = 255;
    if (text.empty() || text.size() > kLongest || text.find_first_of(" \t:") != std::string::npos) {
        return Error{fmt::format("{} is not a user name", in_quotes(text))};
    }
    return text;
}

Result<std::string> parse_agent(const std::string& text) {
    if (Result<std::string> path = parse_socket_path(text)) {
        return path;
    }
    return Error{fmt::format("{} is no agent; write true for $SSH_AUTH_SOCK, or the path of the agent's socket",
                             in_quotes(text))};
}

/// `agent: true` is $SSH_AUTH_SOCK, `agent: /path` is that socket, `agent: false` is none. Returns whether an agent is
/// asked for, be it wrongly.
bool read_agent(Fields& fields, std::optional<std::string>& agent) {
    const Node* node = fields.find("agent", Node::Kind::scalar);
    if (node == nullptr) {
        return fields.has("agent");
    }
    if (node->text == "false") {
        return false;
    }
    if (node->text != "true") {
        fields.read("agent", agent, parse_agent);
        return true;
    }
    const std::string* socket = fields.reading().variable("SSH_AUTH_SOCK");
    if (socket == nullptr) {
        fields.problem("agent",
                       "true stands for $SSH_AUTH_SOCK, which is not set; write the path of the agent's socket");
        return true;
    }
    if (const Result<std::string> path = parse_socket_path(*socket)) {
        agent = *path;
    } else {
        fields.problem("agent", "SSH_AUTH_SOCK: " + path.error().message);
    }
    return true;
}

Forward read_forward(Fields& fields) {
    Forward forward;
    fields.require("remote", "remote: 127.0.0.1:8080, the address on the server that others connect to");
    fields.require("target",
                   "target: 127.0.0.1:8080, target: unix:/PATH or target: worker, the local address that they reach");
    fields.read("remote", forward.remote, parse_remote);
    fields.read("target", forward.target, [&forward](const std::string& text) -> Result<Address> {
        forward.is_to_worker = text == "worker";
        return forward.is_to_worker ? Address(UnixAddress{}) : parse_target(text);
    });
    fields.read_list("alternates", forward.alternates, parse_port);
    if (!forward.alternates.empty() && forward.remote.port == 0 && !forward.remote.host.empty()) {
        fields.problem("alternates", "port 0 lets the server choose a free port, it needs no alternates; remove them");
    }
    fields.finish();
    return forward;
}

/// What listens where: two forwards of a tunnel must not want the same.
class Listeners {
public:
    void add(Fields& fields, const Forward& forward, std::size_t index) {
        if (forward.remote.host.empty() || forward.remote.port == 0) {
            return;
        }
        add_port(fields, "remote", forward, forward.remote.port, index);
        for (const std::uint16_t port : forward.alternates) {
            add_port(fields, "alternates", forward, port, index);
        }
    }

private:
    void add_port(Fields& fields, std::string_view key, const Forward& forward, std::uint16_t port, std::size_t index) {
        // sshd listens on 127.0.0.1 for localhost too.
        const std::string host = forward.remote.host == "localhost" ? "127.0.0.1" : forward.remote.host;
        const auto [first, is_new] = taken_.emplace(std::pair(host, port), index);
        if (!is_new) {
            fields.problem(key, fmt::format("{} is taken by forwards[{}] already; choose another port",
                                            to_string(TcpAddress{forward.remote.host, port}), first->second));
        }
    }

    std::map<std::pair<std::string, std::uint16_t>, std::size_t> taken_;
};

void read_forwards(Fields& tunnel, std::vector<Forward>& forwards) {
    tunnel.require("forwards", "forwards: and below it - {remote: 127.0.0.1:8080, target: 127.0.0.1:8080}");
    const Node* list = tunnel.find("forwards", Node::Kind::sequence);
    if (list == nullptr) {
        return;
    }
    if (list->children.empty()) {
        tunnel.problem("forwards", "a tunnel without forwards does nothing; add one or remove the tunnel");
    }
    Listeners listeners;
    for (std::size_t index = 0; index < list->children.size(); ++index) {
        const Node& item = list->children[index];
        const std::string path = tunnel.item_path("forwards", *list, item);
        if (tunnel.expect(item, path, Node::Kind::mapping)) {
            Fields fields(item, path, tunnel.reading());
            forwards.push_back(read_forward(fields));
            listeners.add(fields, forwards.back(), index);
        }
    }
}

void check_authentication(Fields& fields, const Tunnel& tunnel, bool has_agent) {
    if (!fields.has("identity") && !has_agent) {
        fields.require("identity", "identity: /PATH/OF/THE/PRIVATE/KEY, or agent: true for an ssh-agent");
    }
    if (fields.has("passphrase_file") && !fields.has("identity")) {
        fields.problem("passphrase_file", "there is no identity that it could decrypt; name one or remove this");
    }
    if (tunnel.host_key && fields.has("known_hosts")) {
        fields.warn_unused("known_hosts", "host_key pins the server's key");
    }
}

Tunnel read_tunnel(const std::string& name, Fields& fields) {
    Tunnel tunnel;
    tunnel.name = name;
    const auto file = [&fields](const std::string& text) { return resolve_path(text, fields.reading().environment); };
    fields.require("host", "host: b.example.org");
    fields.require("user", "user: NAME, the account on the server");
    fields.read("host", tunnel.host, parse_host);
    fields.read("port", tunnel.port, parse_port);
    fields.read("user", tunnel.user, parse_user);
    fields.read("identity", tunnel.identity, file);
    fields.read("passphrase_file", tunnel.passphrase_file, file);
    const bool has_agent = read_agent(fields, tunnel.agent);
    fields.read("known_hosts", tunnel.known_hosts, file);
    fields.read("host_key", tunnel.host_key, parse_fingerprint);
    fields.read("takeover", tunnel.takeover, parse_bool);
    fields.read("connect_timeout", tunnel.connect_timeout, between<Duration>(1s, 5min, parse_duration));
    fields.read("dead_peer", tunnel.dead_peer, between<Duration>(2s, 10min, parse_duration));
    read_forwards(fields, tunnel.forwards);
    check_authentication(fields, tunnel, has_agent);
    fields.finish();
    return tunnel;
}

}  // namespace

void read_tunnels(Fields& file, std::vector<Tunnel>& tunnels) {
    const Node* node = file.find("tunnels", Node::Kind::mapping);
    if (node == nullptr) {
        return;
    }
    for (const Node& child : node->children) {
        const std::string path = file.path_of("tunnels") + "." + shown(child.key);
        if (const Result<std::string> name = parse_name(child.key); !name) {
            file.reading().problem(child.key_place, "tunnels: " + name.error().message);
        }
        if (file.expect(child, path, Node::Kind::mapping)) {
            Fields fields(child, path, file.reading());
            tunnels.push_back(read_tunnel(child.key, fields));
        }
    }
}

}  // namespace lamd::config
