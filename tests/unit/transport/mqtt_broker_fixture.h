// A real mosquitto for one test: on a port of its own, with a configuration of the test's, in a directory that goes
// with it. It can be killed and started again on the same port.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>

namespace lamd::test {

class Folder {
public:
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "lamd-mqtt-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) {
            throw std::runtime_error("mkdtemp " + name);
        }
        path_ = name;
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    [[nodiscard]] std::string path(const std::string& name) const {
        return (path_ / name).string();
    }
    std::string write(const std::string& name, const std::string& content) const {
        std::ofstream(path(name), std::ios::binary) << content;
        return path(name);
    }
    /// Runs a shell command in the directory.
    void run(const std::string& command) const {
        const std::string line = "cd '" + path_.string() + "' && (" + command + ") >run.log 2>&1";
        if (std::system(line.c_str()) != 0) {
            throw std::runtime_error("failed: " + command);
        }
    }

private:
    std::filesystem::path path_;
};

class LoopbackSocket {
public:
    LoopbackSocket() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
    LoopbackSocket(const LoopbackSocket&) = delete;
    LoopbackSocket& operator=(const LoopbackSocket&) = delete;
    ~LoopbackSocket() {
        ::close(fd_);
    }

    [[nodiscard]] bool connect(std::uint16_t port) const {
        const sockaddr_in address = loopback(port);
        return ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    }
    /// A port that nobody has now.
    [[nodiscard]] std::uint16_t bind() const {
        sockaddr_in address = loopback(0);
        socklen_t size = sizeof address;
        EXPECT_EQ(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
        ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
        return ntohs(address.sin_port);
    }
    void listen() const {
        ::listen(fd_, 8);
    }

private:
    static sockaddr_in loopback(std::uint16_t port) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return address;
    }

    int fd_;
};

class Mosquitto {
public:
    static constexpr const char* kProgram = "/usr/sbin/mosquitto";

    /// `listener` are lines of its configuration. It does not run yet.
    explicit Mosquitto(const std::string& listener = "allow_anonymous true\n") : port_(LoopbackSocket().bind()) {
        const std::string user = ::geteuid() == 0 ? "user root\n" : "";
        folder_.write("mosquitto.conf",
                      "persistence false\n" + user + "listener " + std::to_string(port_) + " 127.0.0.1\n" + listener);
    }
    Mosquitto(const Mosquitto&) = delete;
    Mosquitto& operator=(const Mosquitto&) = delete;
    ~Mosquitto() {
        kill();
    }

    void start() {
        const std::string configuration = folder_.path("mosquitto.conf");
        const std::string log = folder_.path("log");
        process_ = ::fork();
        if (process_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that crashes leaves none behind
            if (std::freopen(log.c_str(), "a", stdout) == nullptr ||
                std::freopen(log.c_str(), "a", stderr) == nullptr) {
                ::_exit(126);
            }
            ::execl(kProgram, kProgram, "-v", "-c", configuration.c_str(), nullptr);
            ::_exit(127);
        }
        wait_until_it_listens();
    }

    void kill() {
        if (process_ > 0) {
            ::kill(process_, SIGKILL);
            ::waitpid(process_, nullptr, 0);
            process_ = -1;
        }
    }

    [[nodiscard]] std::uint16_t port() const {
        return port_;
    }
    [[nodiscard]] const Folder& folder() const {
        return folder_;
    }

private:
    void wait_until_it_listens() const {
        for (int attempt = 0; attempt < 2000; ++attempt) {
            if (LoopbackSocket().connect(port_)) {
                return;
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        throw std::runtime_error("mosquitto does not listen");
    }

    Folder folder_;
    std::uint16_t port_;
    ::pid_t process_ = -1;
};

}  // namespace lamd::test
