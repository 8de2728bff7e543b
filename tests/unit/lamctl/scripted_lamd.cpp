#include "tests/unit/lamctl/scripted_lamd.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/local/stream_protocol.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

namespace lamd::lamctl::test {
namespace {

constexpr int kPatience = 20'000;  // milliseconds

void require(bool is_true, const char* what) {
    if (!is_true) {
        throw std::runtime_error(what);
    }
}

/// What one read gives; empty at the end.
std::string read_some(int fd) {
    pollfd descriptor{fd, POLLIN, 0};
    require(poll(&descriptor, 1, kPatience) == 1, "nothing came");
    std::array<char, 65536> buffer;
    const auto count = read(fd, buffer.data(), buffer.size());
    return {buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0))};
}

std::size_t content_length(const std::string& head) {
    const auto at = head.find("Content-Length: ");
    return at == std::string::npos ? 0 : std::stoul(head.substr(at + 16));
}

std::pair<Descriptor, Descriptor> make_pipe() {
    std::array<int, 2> ends{};
    require(pipe2(ends.data(), O_CLOEXEC) == 0, "pipe");
    return {Descriptor(ends[0]), Descriptor(ends[1])};
}

std::pair<Descriptor, Descriptor> make_terminal() {
    int master = -1;
    int slave = -1;
    winsize size{};
    size.ws_row = 24;
    size.ws_col = 80;
    require(openpty(&master, &slave, nullptr, nullptr, &size) == 0, "openpty");
    fcntl(master, F_SETFD, FD_CLOEXEC);
    fcntl(slave, F_SETFD, FD_CLOEXEC);
    return {Descriptor(master), Descriptor(slave)};
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
    std::vector<char*> all;
    all.reserve(strings.size() + 1);
    for (std::string& string : strings) {
        all.push_back(string.data());
    }
    all.push_back(nullptr);
    return all;
}

}  // namespace

void Call::read_request() {
    std::string bytes;
    while (bytes.find("\r\n\r\n") == std::string::npos) {
        const auto some = read_some(connection_.get());
        require(!some.empty(), "the request ended");
        bytes += some;
    }
    const auto end = bytes.find("\r\n\r\n") + 4;
    head = bytes.substr(0, end);
    body = bytes.substr(end);
    while (body.size() < content_length(head)) {
        body += read_some(connection_.get());
    }
}

void Call::send(std::string_view bytes) const {
    while (!bytes.empty()) {
        const auto sent = ::send(connection_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0 && (errno == EPIPE || errno == ECONNRESET)) {
            return;  // lamctl has heard enough
        }
        require(sent > 0, "send");
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
}

void Call::answer(unsigned status, std::string_view text, std::string_view fields) {
    send(fmt::format("HTTP/1.1 {} X\r\nContent-Length: {}\r\n{}\r\n{}", status, text.size(), fields, text));
    close();
}

void Call::begin_events(std::string_view fields) const {
    send(fmt::format("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n{}\r\n",
                     fields));
}

void Call::send_chunk(std::string_view bytes) const {
    send(fmt::format("{:x}\r\n{}\r\n", bytes.size(), bytes));
}

void Call::end_chunks() {
    send("0\r\n\r\n");
    close();
}

bool Call::is_left() const {
    return read_some(connection_.get()).empty();
}

ScriptedLamd::ScriptedLamd() {
    std::string pattern = (std::filesystem::temp_directory_path() / "lamctl-test-XXXXXX").string();
    require(mkdtemp(pattern.data()) != nullptr, "mkdtemp");
    directory_ = pattern;
    listen();
}

ScriptedLamd::~ScriptedLamd() {
    std::filesystem::remove_all(directory_);
}

void ScriptedLamd::listen() {
    const boost::asio::local::stream_protocol::endpoint address(socket());
    listener_ = Descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    require(bind(listener_.get(), address.data(), static_cast<socklen_t>(address.size())) == 0, "bind");
    require(::listen(listener_.get(), 8) == 0, "listen");
}

void ScriptedLamd::stop() {
    listener_ = Descriptor();
    std::filesystem::remove(socket());
}

Call ScriptedLamd::accept() const {
    pollfd descriptor{listener_.get(), POLLIN, 0};
    require(poll(&descriptor, 1, kPatience) == 1, "lamctl did not connect");
    Call call(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    call.read_request();
    return call;
}

Program::Program(const std::vector<std::string>& words, const Setup& setup) {
    auto [in, in_writer] = make_pipe();
    auto [out_reader, out] = setup.has_terminal ? make_terminal() : make_pipe();
    auto [error_reader, error] = make_pipe();
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in.get(), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out.get(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, setup.has_terminal ? out.get() : error.get(), STDERR_FILENO);
    std::vector<std::string> arguments = setup.wrapper.empty() ? std::vector<std::string>{LAMCTL_BIN} : setup.wrapper;
    arguments.insert(arguments.end(), words.begin(), words.end());
    std::vector<std::string> environment{"TZ=UTC", "PATH=/usr/bin:/bin"};
    for (const auto& [name, value] : setup.environment) {
        environment.push_back(name + "=" + value);
    }
    const int failed = posix_spawn(&process_, arguments[0].c_str(), &actions, nullptr, pointers(arguments).data(),
                                   pointers(environment).data());
    posix_spawn_file_actions_destroy(&actions);
    require(failed == 0, "posix_spawn");
    in_ = std::move(in_writer);
    out_ = std::move(out_reader);
    error_ = std::move(error_reader);
}

Program::~Program() {
    if (process_ > 0) {
        kill(process_, SIGKILL);
        waitpid(process_, nullptr, 0);
    }
}

void Program::type(std::string_view input) const {
    require(write(in_.get(), input.data(), input.size()) == static_cast<ssize_t>(input.size()), "type");
}

void Program::signal(int number) const {
    kill(process_, number);
}

/// Takes what came; false when both ended.
bool Program::pump() {
    std::array<pollfd, 2> descriptors{{{out_.get(), POLLIN, 0}, {error_.get(), POLLIN, 0}}};
    if (out_.get() < 0 && error_.get() < 0) {
        return false;
    }
    require(poll(descriptors.data(), descriptors.size(), kPatience) > 0, "lamctl neither says anything nor ends");
    const auto take = [](const pollfd& ready, Descriptor& descriptor, std::string& into) {
        if (ready.revents == 0) {
            return;
        }
        const std::string bytes = read_some(descriptor.get());  // a terminal's end is an error: nothing, too
        into += bytes;
        if (bytes.empty()) {
            descriptor = Descriptor();
        }
    };
    take(descriptors[0], out_, ended_.out);
    take(descriptors[1], error_, ended_.error);
    return true;
}

bool Program::await(const std::string& seen, std::string_view text) {
    while (seen.find(text) == std::string::npos) {
        if (!pump()) {
            return false;
        }
    }
    return true;
}

bool Program::await_output(std::string_view text) {
    return await(ended_.out, text);
}

bool Program::await_error(std::string_view text) {
    return await(ended_.error, text);
}

Ended Program::finish() {
    end_input();
    while (pump()) {
    }
    int status = 0;
    waitpid(std::exchange(process_, -1), &status, 0);
    ended_.code = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
    return ended_;
}

}  // namespace lamd::lamctl::test
