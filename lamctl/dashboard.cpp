// `lamctl dashboard`: a way for a browser of this machine to lamd's Unix socket, with the rights of whoever runs it,
// for as long as it runs.
#include "base/async.h"
#include "base/uuid.h"
#include "lamctl/client.h"
#include "lamctl/commands.h"
#include "lamctl/door.h"

#include "base/environment.h"

#include <fmt/format.h>
#include <spawn.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <csignal>
#include <utility>

namespace lamd::lamctl {
namespace {

using Tcp = asio::ip::tcp;
using Local = asio::local::stream_protocol;
constexpr std::size_t kRequestLimit = 64 << 10;

template <class From, class To>
asio::awaitable<void> copy(From& from, To& to) {
    std::array<char, 16384> buffer{};
    for (;;) {
        const auto [read_error, count] = co_await from.async_read_some(asio::buffer(buffer), kNoThrow);
        if (read_error) {
            break;
        }
        const auto [write_error, written] =
            co_await asio::async_write(to, asio::buffer(buffer.data(), count), kNoThrow);
        if (write_error) {
            break;
        }
    }
    boost::system::error_code ignored;
    to.shutdown(To::shutdown_send, ignored);
}

class Proxy {
public:
    Proxy(asio::io_context& io, Tcp::acceptor acceptor, const Door& door, std::string socket)
        : acceptor_(std::move(acceptor)), door_(door), socket_(std::move(socket)), tasks_(io.get_executor()) {}

    void start() {
        tasks_.spawn(accept_all());
    }
    void stop() {
        tasks_.cancel();
    }

private:
    asio::awaitable<void> accept_all() {
        for (;;) {
            auto [error, browser] = co_await acceptor_.async_accept(kNoThrow);
            if (!error) {
                tasks_.spawn(serve(std::move(browser)));
            }
        }
    }

    asio::awaitable<void> serve(Tcp::socket browser) {
        std::string bytes;
        const auto [error, size] =
            co_await asio::async_read_until(browser, asio::dynamic_buffer(bytes, kRequestLimit), "\r\n\r\n", kNoThrow);
        if (error) {
            co_return;
        }
        const auto verdict = door_.judge(std::string_view(bytes).substr(0, size));
        if (const auto* turn = std::get_if<Door::Turn>(&verdict)) {
            co_await asio::async_write(browser, asio::buffer(turn->answer), kNoThrow);
            co_return;
        }
        Local::socket lamd(browser.get_executor());
        const auto [unreachable] = co_await lamd.async_connect(Local::endpoint(socket_), kNoThrow);
        if (unreachable) {
            co_return;
        }
        const std::string begin = std::get<Door::Pass>(verdict).head + bytes.substr(size);
        co_await asio::async_write(lamd, asio::buffer(begin), kNoThrow);
        TaskGroup upward(browser.get_executor());
        upward.spawn(copy(browser, lamd));
        co_await copy(lamd, browser);
        upward.cancel();
        co_await upward.join();
    }

    Tcp::acceptor acceptor_;
    const Door& door_;
    std::string socket_;
    TaskGroup tasks_;
};

void open_browser(const std::string& url) {
    if (environment("DISPLAY").empty() && environment("WAYLAND_DISPLAY").empty()) {
        return;
    }
    std::string program = "xdg-open";
    std::string argument = url;
    std::array<char*, 3> words{program.data(), argument.data(), nullptr};
    pid_t pid = 0;
    static_cast<void>(posix_spawnp(&pid, program.c_str(), nullptr, nullptr, words.data(), environ));
}

std::string explain(const Door& door, std::uint16_t port) {
    auto text = fmt::format(
        "The dashboard is at\n\n  {}\n\nfor whoever has this address, with your rights. Ctrl-C ends it.\n", door.url());
    if (!environment("SSH_CONNECTION").empty()) {
        text += fmt::format(
            "From your own machine: ssh -L {0}:127.0.0.1:{0} to here, and open the same address there.\n", port);
    }
    return text;
}

}  // namespace

CommandResult serve_dashboard(const Context& context) {
    Request hello;
    hello.target = "/lam/v1/whoami";
    if (const auto who = fetch(context.options.socket, hello); !who) {
        return who.error();
    }
    asio::io_context io(1);
    boost::system::error_code error;
    Tcp::acceptor acceptor(io);
    const Tcp::endpoint address(asio::ip::address_v4::loopback(), context.options.port);
    acceptor.open(address.protocol());
    acceptor.set_option(Tcp::acceptor::reuse_address(true), error);
    acceptor.bind(address, error);
    if (!error) {
        acceptor.listen(asio::socket_base::max_listen_connections, error);
    }
    if (error) {
        return Failure{ExitCode::error,
                       fmt::format("listen on 127.0.0.1:{}: {}", context.options.port, error.message()),
                       "leave --port out, and any free port is taken"};
    }
    const auto port = acceptor.local_endpoint().port();
    const Door door(make_uuid_v4(), port);
    auto printed = print(context, explain(door, port));
    if (!printed) {
        return printed;
    }
    if (context.options.is_opening) {
        open_browser(door.url());
    }
    Proxy proxy(io, std::move(acceptor), door, context.options.socket);
    proxy.start();
    asio::signal_set signals(io, SIGINT, SIGTERM, SIGHUP);
    signals.async_wait([&](boost::system::error_code, int) { proxy.stop(); });
    io.run();
    return ExitCode::done;
}

}  // namespace lamd::lamctl
