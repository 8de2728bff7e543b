// lamd-bench-server ENDPOINT: what stands behind the tunnel or the gateway in a benchmark. One thread; prints
// `listening` when it serves, and ends with SIGTERM.
#include "bench/load/session.h"

#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <unordered_map>

namespace lamd::bench::load {

namespace {

class Server : public Handler {
public:
    explicit Server(const Endpoint& endpoint) : pacer_(poller_), listener_(listen_on(endpoint)) {
        poller_.add(listener_.fd(), EPOLLIN, *this);
    }

    void on_ready(std::uint32_t) override {
        for (Socket socket = accept_from(listener_); socket.is_open(); socket = accept_from(listener_)) {
            const std::uint64_t number = next_number_++;
            const auto end = [this, number] { sessions_.erase(number); };
            sessions_.emplace(number, std::make_unique<Session>(poller_, pacer_, std::move(socket), end));
        }
    }

    void run() {
        while (true) {
            poller_.wait(-1);
        }
    }

private:
    Poller poller_;
    Pacer pacer_;
    Socket listener_;
    std::uint64_t next_number_ = 0;
    std::unordered_map<std::uint64_t, std::unique_ptr<Session>> sessions_;
};

}  // namespace

}  // namespace lamd::bench::load

int main(int argc, char** argv) {
    if (argc != 2) {
        fmt::print(stderr, "usage: lamd-bench-server ADDRESS:PORT\n");
        return 2;
    }
    try {
        lamd::bench::load::Server server(lamd::bench::load::parse_endpoint(argv[1]));
        fmt::print("listening\n");
        std::fflush(stdout);
        server.run();
    } catch (const std::exception& error) {
        fmt::print(stderr, "lamd-bench-server: {}\n", error.what());
        return 1;
    }
}
