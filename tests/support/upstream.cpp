#include "tests/support/upstream.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <stdexcept>

namespace lamd::test {

namespace {

using namespace std::chrono_literals;

std::size_t content_length(std::string head) {
    std::transform(head.begin(), head.end(), head.begin(), [](unsigned char c) { return std::tolower(c); });
    const auto field = head.find("\r\ncontent-length:");
    return field == std::string::npos ? 0 : std::stoul(head.substr(field + 17));
}

std::filesystem::path make_directory() {
    std::string name = (std::filesystem::temp_directory_path() / "lamd-test-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) {
        throw std::runtime_error("mkdtemp " + name);
    }
    return name;
}

asio::awaitable<void> note_end(asio::awaitable<void> task, bool& has_ended) {
    co_await std::move(task);
    has_ended = true;
}

}  // namespace

asio::awaitable<std::optional<std::string>> Connection::request() {
    std::array<char, 65536> buffer;
    for (;;) {
        if (const auto head = received_.find("\r\n\r\n"); head != std::string::npos) {
            const std::size_t size = head + 4 + content_length(received_.substr(0, head));
            if (received_.size() >= size) {
                std::string request = received_.substr(0, size);
                received_.erase(0, size);
                requests_.push_back(request);
                co_return request;
            }
        }
        const auto [error, count] = co_await socket_.async_read_some(asio::buffer(buffer), kNoThrow);
        if (error) {
            co_return std::nullopt;
        }
        received_.append(buffer.data(), count);
    }
}

asio::awaitable<bool> Connection::send(std::string_view bytes) {
    const auto [error, count] = co_await asio::async_write(socket_, asio::buffer(bytes), kNoThrow);
    co_return !error;
}

asio::awaitable<bool> Connection::send_chunk(std::string_view bytes) {
    const std::string chunk = fmt::format("{:x}\r\n{}\r\n", bytes.size(), bytes);
    co_return co_await send(chunk);
}

asio::awaitable<void> Connection::closed() {
    std::array<char, 4096> buffer;
    for (;;) {
        const auto [error, count] = co_await socket_.async_read_some(asio::buffer(buffer), kNoThrow);
        if (error) {
            co_return;
        }
    }
}

void Connection::close() {
    boost::system::error_code ignored;
    socket_.close(ignored);
}

void Connection::reset() {
    boost::system::error_code ignored;
    socket_.set_option(asio::socket_base::linger(true, 0), ignored);
    socket_.close(ignored);
}

Upstream::Upstream(asio::io_context& io, Kind kind, Script script)
    : io_(io), acceptor_(io), script_(std::move(script)), tasks_(io.get_executor()) {
    asio::generic::stream_protocol::endpoint endpoint;
    if (kind == Kind::tcp) {
        endpoint = asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), 0);
    } else {
        directory_ = make_directory();
        endpoint = asio::local::stream_protocol::endpoint((directory_ / "socket").string());
        base_ = "unix:" + (directory_ / "socket").string();
    }
    acceptor_.open(endpoint.protocol());
    acceptor_.bind(endpoint);
    acceptor_.listen();
    if (kind == Kind::tcp) {
        asio::ip::tcp::endpoint bound;
        const auto local = acceptor_.local_endpoint();
        bound.resize(local.size());
        std::copy_n(reinterpret_cast<const char*>(local.data()), local.size(), reinterpret_cast<char*>(bound.data()));
        base_ = fmt::format("http://127.0.0.1:{}", bound.port());
    }
    tasks_.spawn(accept());
}

Upstream::~Upstream() {
    // Within the loop: Boost 1.81 would post the cancellation otherwise, to tasks that may have ended by then.
    asio::post(io_, [this] {
        stop_listening();
        tasks_.cancel();
    });
    EXPECT_TRUE(run_until(io_, [this] { return !acceptor_.is_open() && tasks_.size() == 0; })) << "a script hangs";
    if (!directory_.empty()) {
        std::error_code ignored;
        std::filesystem::remove_all(directory_, ignored);
    }
}

asio::awaitable<void> Upstream::accept() {
    for (;;) {
        auto [error, socket] = co_await acceptor_.async_accept(kNoThrow);
        if (error) {
            co_return;
        }
        tasks_.spawn(serve(std::move(socket), connections_++));
    }
}

asio::awaitable<void> Upstream::serve(Connection::Socket socket, std::size_t index) {
    Connection connection(std::move(socket), index, requests_);
    co_await script_(connection);
}

void Upstream::stop_listening() {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    std::error_code missing;
    std::filesystem::remove(directory_ / "socket", missing);
}

void run(asio::io_context& io, asio::awaitable<void> task) {
    bool has_ended = false;
    TaskGroup group(io.get_executor());
    group.spawn(note_end(std::move(task), has_ended));
    ASSERT_TRUE(run_until(io, [&] { return has_ended && group.size() == 0; })) << "the test hangs";
}

bool run_until(asio::io_context& io, const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (!condition() && std::chrono::steady_clock::now() < deadline) {
        io.restart();
        io.run_one_until(deadline);
    }
    return condition();
}

}  // namespace lamd::test
