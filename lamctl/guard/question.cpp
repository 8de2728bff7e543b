#include "lamctl/guard/question.h"

#include <fmt/format.h>
#include <unistd.h>
#include <boost/asio/buffer.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include <charconv>
#include <utility>

namespace lamd::lamctl::guard {
namespace {

using namespace asio::experimental::awaitable_operators;
using Stream = asio::local::stream_protocol;

constexpr std::string_view kAlive = "alive";
constexpr std::size_t kLongestLine = 4096;

asio::awaitable<Answer> read_answer(std::string path) {
    Stream::socket connection(co_await asio::this_coro::executor);
    const Stream::endpoint endpoint(path);
    const auto [refused] = co_await connection.async_connect(endpoint, kNoThrow);
    if (refused) {
        co_return Answer{.kind = Answer::Kind::nobody, .holder = {}};
    }
    std::string line;
    const auto [ec, size] =
        co_await asio::async_read_until(connection, asio::dynamic_buffer(line, kLongestLine), '\n', kNoThrow);
    auto holder = ec ? std::nullopt : read_alive(line);
    Answer answer{.kind = holder ? Answer::Kind::alive : Answer::Kind::nobody, .holder = {}};
    if (holder) {
        answer.holder = std::move(*holder);
    }
    co_return answer;
}

asio::awaitable<void> wait_left(Stream::socket& connection) {
    co_await connection.async_wait(Stream::socket::wait_read, kNoThrow);
}

}  // namespace

std::string alive_line(Duration held, const std::vector<std::string>& ports) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(held).count();
    return fmt::format("{} {}{}{}\n", kAlive, seconds, ports.empty() ? "" : " ", join(ports));
}

std::optional<Holder> read_alive(std::string_view line) {
    auto words = words_of(line);
    long long seconds = 0;
    if (words.size() < 2 || words[0] != kAlive ||
        std::from_chars(words[1].data(), words[1].data() + words[1].size(), seconds).ec != std::errc()) {
        return std::nullopt;
    }
    words.erase(words.begin(), words.begin() + 2);
    return Holder{.host = {}, .held = std::chrono::seconds(seconds), .ports = std::move(words)};
}

asio::awaitable<Answer> ask(std::string socket, Instant deadline) {
    auto result = co_await (read_answer(std::move(socket)) || sleep_until(deadline));
    Answer answer;
    if (auto* given = std::get_if<0>(&result)) {
        answer = std::move(*given);
    }
    co_return answer;
}

Answerer::Answerer(asio::any_io_executor executor, GuardMachine& machine, Instant since,
                   std::function<void()> on_question)
    : machine_(machine),
      since_(since),
      on_question_(std::move(on_question)),
      acceptor_(executor),
      heard_(executor),
      tasks_(executor) {}

bool Answerer::listen(const std::string& socket) {
    unlink(socket.c_str());
    boost::system::error_code ec;
    acceptor_.open(Stream(), ec);
    if (!ec) {
        acceptor_.bind(Stream::endpoint(socket), ec);
    }
    if (!ec) {
        acceptor_.listen(16, ec);
    }
    return !ec;
}

asio::awaitable<void> Answerer::run() {
    for (;;) {
        auto [ec, connection] = co_await acceptor_.async_accept(kNoThrow);
        if (ec) {
            co_return;
        }
        tasks_.spawn(answer(std::move(connection)));
    }
}

asio::awaitable<void> Answerer::answer(Stream::socket connection) {
    const auto number = machine_.ask();
    on_question_();
    while (machine_.answered() < number) {
        const auto result = co_await (heard_.wait() || wait_left(connection));
        if (result.index() == 1) {
            co_return;
        }
    }
    const auto line = alive_line(std::chrono::steady_clock::now() - since_, machine_.ports());
    co_await asio::async_write(connection, asio::buffer(line), kNoThrow);
}

}  // namespace lamd::lamctl::guard
