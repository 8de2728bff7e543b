// A server on a Unix socket in a directory of its own, and blunt clients that send bytes and read bytes. Server and
// clients take turns on one thread: nothing is waited for but the server's own work.
#pragma once

#include "base/async.h"
#include "transport/http/server.h"

#include <gtest/gtest.h>
#include <boost/asio/io_context.hpp>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace lamd::transport::http {

using namespace std::chrono_literals;

class RawClient {
public:
    RawClient(asio::io_context& io, const std::string& path) : io_(io), fd_(socket(AF_UNIX, SOCK_STREAM, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        EXPECT_EQ(connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    }
    RawClient(RawClient&& other) noexcept : io_(other.io_), fd_(std::exchange(other.fd_, -1)) {}
    ~RawClient() {
        close();
    }

    void close() {
        if (fd_ >= 0) {
            ::close(std::exchange(fd_, -1));
        }
    }
    void half_close() {
        shutdown(fd_, SHUT_WR);
    }

    /// Sends as the server reads; false when it no longer does.
    bool send(std::string_view bytes) {
        while (!bytes.empty()) {
            const auto count = ::send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
            if (count < 0 && errno != EAGAIN) {
                return false;
            }
            bytes.remove_prefix(count < 0 ? 0 : static_cast<std::size_t>(count));
            turn();
        }
        return true;
    }

    /// Sends, and the server has had no turn to notice.
    void send_unseen(std::string_view bytes) {
        EXPECT_EQ(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
    }

    /// Everything that comes until `mark` is at its end; or until the connection ends, for an empty mark.
    std::string read_until(std::string_view mark) {
        std::string text;
        const auto limit = std::chrono::steady_clock::now() + 5s;
        while (std::chrono::steady_clock::now() < limit) {
            char buffer[4096];
            const auto count = recv(fd_, buffer, mark.empty() ? sizeof buffer : 1, MSG_DONTWAIT);
            if (count > 0) {
                text.append(buffer, static_cast<std::size_t>(count));
                if (!mark.empty() && text.ends_with(mark)) {
                    return text;
                }
            } else if (count == 0 || errno != EAGAIN) {
                EXPECT_TRUE(mark.empty()) << "ended after: " << text;
                return text;
            } else {
                turn();
            }
        }
        ADD_FAILURE() << "waited in vain after: " << text;
        return text;
    }
    std::string read_all() {
        return read_until({});
    }
    /// What is there now.
    std::string read_available() {
        std::string text(1 << 20, '\0');
        const auto count = recv(fd_, text.data(), text.size(), MSG_DONTWAIT);
        text.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
        return text;
    }

private:
    void turn() {
        io_.restart();
        io_.run_one_for(10ms);
        io_.poll();
    }

    asio::io_context& io_;
    int fd_;
};

class HttpServerTest : public testing::Test {
protected:
    HttpServerTest() {
        std::string pattern = (std::filesystem::temp_directory_path() / "lamd-http-XXXXXX").string();
        directory_ = mkdtemp(pattern.data());
        path_ = directory_ + "/s";
    }
    ~HttpServerTest() override {
        if (server_) {
            stop(0s);
        }
        std::filesystem::remove_all(directory_);
    }

    void serve(Handler handler, Limits limits = {}) {
        const int listener = socket(AF_UNIX, SOCK_STREAM, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path_.copy(address.sun_path, sizeof address.sun_path - 1);
        ASSERT_EQ(bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
        ASSERT_EQ(listen(listener, 4096), 0);
        server_ = Server::create(io_.get_executor(), listener, limits, std::move(handler),
                                 [this](const Error& error) { accept_errors_.push_back(error.message); });
        server_->start();
        settle();
    }

    RawClient client() {
        RawClient raw(io_, path_);
        settle();
        return raw;
    }

    void settle() {
        io_.restart();
        io_.poll();
    }
    /// Runs the loop until it is so; false if it does not become so.
    bool wait_for(const std::function<bool()>& is_so) {
        const auto limit = std::chrono::steady_clock::now() + 5s;
        while (!is_so() && std::chrono::steady_clock::now() < limit) {
            io_.restart();
            io_.run_one_for(10ms);
        }
        return is_so();
    }

    void begin_stop(Duration patience) {
        tasks_.spawn(server_->stop(std::chrono::steady_clock::now() + patience));
        settle();
    }
    void stop(Duration patience) {
        begin_stop(patience);
        EXPECT_TRUE(wait_for([this] { return tasks_.size() == 0; }));
        server_.reset();
    }

    asio::io_context io_;
    std::string directory_;
    std::string path_;
    std::vector<std::string> accept_errors_;
    std::unique_ptr<Server> server_;
    TaskGroup tasks_{io_.get_executor()};
};

inline std::string get(std::string_view path = "/", std::string_view fields = {}) {
    std::string text = "GET ";
    return text.append(path).append(" HTTP/1.1\r\nHost: lamd\r\n").append(fields).append("\r\n");
}

}  // namespace lamd::transport::http
