// Both ends of a bulk transfer for the integration tests: `peer serve ADDRESS PORT` and `peer load ADDRESS PORT`. One
// thread, one poll loop; `load` prints one line of JSON and exits with 1 if anything was lost, changed or came twice.
#include "tests/support/peer/connection.h"

#include <arpa/inet.h>

#include <chrono>
#include <cstdio>
#include <map>
#include <memory>
#include <vector>

namespace lamd::tests::peer {
namespace {

/// Advances every connection that can go on, and drops those that are done; the number of those that failed.
std::size_t turn(std::vector<std::unique_ptr<Connection>>& connections, std::vector<pollfd> polled) {
    std::size_t failed = 0;
    for (std::size_t index = connections.size(); index-- > 0;) {
        const short events = polled[index].revents;
        if (events == 0) {
            continue;
        }
        bool is_finished = false;
        try {
            connections[index]->advance(events);
            is_finished = connections[index]->is_done();
        } catch (const std::exception& error) {
            std::fprintf(stderr, "peer: %s\n", error.what());
            is_finished = true;
            ++failed;
        }
        if (is_finished) {
            std::swap(connections[index], connections.back());
            connections.pop_back();
        }
    }
    return failed;
}

std::vector<pollfd> poll_list(const std::vector<std::unique_ptr<Connection>>& connections) {
    std::vector<pollfd> polled;
    polled.reserve(connections.size() + 1);
    for (const auto& connection : connections) {
        polled.push_back({.fd = connection->socket(), .events = connection->events(), .revents = 0});
    }
    return polled;
}

sockaddr_in address_of(const char* host, const char* port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(std::stoul(port)));
    if (::inet_pton(AF_INET, host, &address.sin_addr) != 1) {
        throw std::invalid_argument("not an IPv4 address");
    }
    return address;
}

int tcp_socket() {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket < 0) {
        fail("socket");
    }
    return socket;
}

[[noreturn]] void serve(const sockaddr_in& address) {
    const int listener = tcp_socket();
    const int on = 1;
    ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener, 1024) != 0) {
        fail("listen");
    }
    std::vector<std::unique_ptr<Connection>> connections;
    while (true) {
        std::vector<pollfd> polled = poll_list(connections);
        polled.push_back({.fd = listener, .events = POLLIN, .revents = 0});
        if (::poll(polled.data(), polled.size(), -1) < 0) {
            fail("poll");
        }
        const bool has_caller = polled.back().revents != 0;
        polled.pop_back();
        turn(connections, std::move(polled));
        if (const int caller = has_caller ? ::accept(listener, nullptr, nullptr) : -1; caller >= 0) {
            connections.push_back(std::make_unique<ServedConnection>(caller));
        }
    }
}

struct Load {
    std::uint64_t connections = 1;
    std::uint64_t parallel = 0;  ///< at once; 0: all
    std::uint64_t up = 0;        ///< bytes of each connection
    std::uint64_t down = 0;
};

std::unique_ptr<Connection> open_connection(const sockaddr_in& address, std::uint64_t seed, const Load& load) {
    const int socket = tcp_socket();
    if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        fail("connect");
    }
    return std::make_unique<LoadConnection>(socket, seed, load.up, load.down);
}

int run_load(const sockaddr_in& address, const Load& load) {
    const auto begun = std::chrono::steady_clock::now();
    const std::uint64_t parallel = load.parallel == 0 ? load.connections : load.parallel;
    std::vector<std::unique_ptr<Connection>> connections;
    std::uint64_t opened = 0;
    std::size_t failed = 0;
    while (opened < load.connections || !connections.empty()) {
        while (opened < load.connections && connections.size() < parallel) {
            connections.push_back(open_connection(address, (++opened) << 40U, load));
        }
        std::vector<pollfd> polled = poll_list(connections);
        if (::poll(polled.data(), polled.size(), -1) < 0) {
            fail("poll");
        }
        failed += turn(connections, std::move(polled));
    }
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begun;
    std::printf(R"({"connections":%llu,"failed":%zu,"seconds":%.6f})"
                "\n",
                static_cast<unsigned long long>(load.connections), failed, taken.count());
    return failed == 0 ? 0 : 1;
}

Load read_load(int count, char** words) {
    Load load;
    const std::map<std::string_view, std::uint64_t*> options{{"--connections", &load.connections},
                                                             {"--parallel", &load.parallel},
                                                             {"--up", &load.up},
                                                             {"--down", &load.down}};
    for (int index = 0; index + 1 < count; index += 2) {
        *options.at(words[index]) = std::stoull(words[index + 1]);
    }
    return load;
}

}  // namespace
}  // namespace lamd::tests::peer

int main(int count, char** words) {
    using namespace lamd::tests::peer;
    try {
        const std::string_view command = count >= 4 ? words[1] : "";
        if (command == "serve") {
            serve(address_of(words[2], words[3]));
        }
        if (command == "load") {
            return run_load(address_of(words[2], words[3]), read_load(count - 4, words + 4));
        }
        std::fputs("usage: peer serve|load ADDRESS PORT [--connections N --parallel N --up BYTES --down BYTES]\n",
                   stderr);
        return 2;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "peer: %s\n", error.what());
        return 1;
    }
}
