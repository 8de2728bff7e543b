#include "lamctl/client.h"

#include "api/error.h"
#include "lamctl/connect.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace lamd::lamctl {
namespace {

namespace http = boost::beast::http;
using BeastError = boost::beast::error_code;
using BeastString = boost::beast::string_view;

constexpr std::size_t kHeadLimit = 64 << 10;
constexpr std::size_t kBodyLimit = 64 << 20;

std::string serialize(const Request& request) {
    std::string text = fmt::format("{} {} HTTP/1.1\r\nHost: lamd\r\nUser-Agent: lamctl\r\nConnection: close\r\n",
                                   request.method, request.target);
    for (const auto& [name, value] : request.fields) {
        text += fmt::format("{}: {}\r\n", name, value);
    }
    if (!request.body.empty()) {
        text += "Content-Type: application/json\r\n";
    }
    if (request.method != "GET") {
        text += fmt::format("Content-Length: {}\r\n", request.body.size());
    }
    return text + "\r\n" + request.body;
}

}  // namespace

/// Beast's parser, which hands out the pieces of a body as they come instead of keeping a message.
class Exchange::Parser final : public http::basic_parser<false> {
public:
    Parser() {
        header_limit(kHeadLimit);
        body_limit(boost::none);
        eager(true);
    }

    Head head;
    std::string body;  ///< not yet read

private:
    void on_request_impl(http::verb, BeastString, BeastString, int, BeastError&) override {}
    void on_response_impl(int code, BeastString, int, BeastError&) override {
        head.status = static_cast<unsigned>(code);
    }
    void on_field_impl(http::field, BeastString name, BeastString value, BeastError&) override {
        head.fields.emplace_back(std::string(name), std::string(value));
    }
    void on_header_impl(BeastError&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, BeastError&) override {}
    std::size_t on_body_impl(BeastString bytes, BeastError&) override {
        body.append(bytes.data(), bytes.size());
        return bytes.size();
    }
    void on_chunk_header_impl(std::uint64_t, BeastString, BeastError&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, BeastString bytes, BeastError& error) override {
        return on_body_impl(bytes, error);
    }
    void on_finish_impl(BeastError&) override {}
};

bool is_equal_name(std::string_view left, std::string_view right) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 'a' - 'A') : c; };
    return std::ranges::equal(left, right, {}, lower, lower);
}

std::string_view Head::find(std::string_view name) const {
    const auto field = std::ranges::find_if(fields, [&](const auto& pair) { return is_equal_name(pair.first, name); });
    return field == fields.end() ? std::string_view() : field->second;
}

Exchange::Exchange(Descriptor connection, std::string socket)
    : connection_(std::move(connection)), socket_(std::move(socket)), parser_(std::make_unique<Parser>()) {}

Exchange::~Exchange() = default;

Outcome<std::unique_ptr<Exchange>> Exchange::start(const std::string& socket, const Request& request,
                                                   const Until& until) {
    auto connection = connect_to(socket);
    if (!connection) {
        return connection.error();
    }
    return start_on(*std::move(connection), socket, request, until);
}

Outcome<std::unique_ptr<Exchange>> Exchange::start_on(Descriptor connection, std::string name, const Request& request,
                                                      const Until& until) {
    std::unique_ptr<Exchange> exchange(new Exchange(std::move(connection), std::move(name)));
    if (auto sent = exchange->send(request, until); !sent) {
        return sent.error();
    }
    while (!exchange->parser_->is_header_done()) {
        if (auto received = exchange->receive(until); !received) {
            return received.error();
        }
        if (exchange->is_ended_ && !exchange->parser_->is_header_done()) {
            return Failure{
                ExitCode::error,
                fmt::format("lamd closed the connection without an answer to {} {}", request.method, request.target),
                "journalctl -u lamd", true};
        }
    }
    return exchange;
}

const Head& Exchange::head() const {
    return parser_->head;
}

Outcome<void> Exchange::send(const Request& request, const Until& until) {
    const std::string bytes = serialize(request);
    std::string_view rest = bytes;
    while (!rest.empty()) {
        if (auto writable = wait_for(connection_.get(), POLLOUT, until); !writable) {
            return writable;
        }
        const auto sent = ::send(connection_.get(), rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && (errno == EPIPE || errno == ECONNRESET)) {
            return {};  // The server may have answered (413) and closed before it read everything: read that.
        }
        if (sent < 0 && errno != EINTR && errno != EAGAIN) {
            return Failure{ExitCode::error,
                           fmt::format("send to {}: {}", socket_, std::generic_category().message(errno)), ""};
        }
        rest.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(sent, 0)));
    }
    return {};
}

Outcome<void> Exchange::receive(const Until& until) {
    if (auto readable = wait_for(connection_.get(), POLLIN, until); !readable) {
        if (readable.error().code != ExitCode::timed_out) {
            return readable;
        }
        return Failure{ExitCode::timed_out, fmt::format("lamd does not answer on {}", socket_), "journalctl -u lamd",
                       true};
    }
    std::array<char, 64 << 10> buffer;
    const auto count = recv(connection_.get(), buffer.data(), buffer.size(), 0);
    if (count < 0 && errno == EINTR) {
        return {};
    }
    is_ended_ = count <= 0;  // A reset is an end like any other: what is missing is seen by the parser.
    unparsed_.append(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    return parse();
}

Outcome<void> Exchange::parse() {
    BeastError error;
    if (!unparsed_.empty() && !parser_->is_done()) {
        unparsed_.erase(0, parser_->put(boost::asio::buffer(unparsed_), error));
    }
    if (error && error != http::error::need_more) {
        return Failure{ExitCode::error, fmt::format("what listens on {} is not lamd: {}", socket_, error.message()),
                       "name lamd's socket with --socket"};
    }
    return {};
}

Outcome<std::optional<std::string>> Exchange::read(const Until& until) {
    while (parser_->body.empty() && !parser_->is_done()) {
        if (is_ended_) {
            BeastError error;
            parser_->put_eof(error);
            return error ? Outcome<std::optional<std::string>>(
                               Failure{ExitCode::error, "the connection ended before the answer did", ""})
                         : std::nullopt;
        }
        if (auto received = receive(until); !received) {
            return received.error();
        }
    }
    return parser_->body.empty() ? std::nullopt : std::optional(std::exchange(parser_->body, {}));
}

Outcome<std::string> Exchange::read_all(const Until& until) {
    std::string body;
    while (true) {
        auto bytes = read(until);
        if (!bytes) {
            return bytes.error();
        }
        if (!*bytes) {
            return body;
        }
        body += **bytes;
        if (body.size() > kBodyLimit) {
            return Failure{ExitCode::error, fmt::format("the answer has more than {} bytes", kBodyLimit), ""};
        }
    }
}

Failure failure_of(const Head& head, const std::string& body) {
    const auto error = api::decode_error(body);
    Failure failure{ExitCode::error, error ? error->message : fmt::format("lamd answered with status {}", head.status),
                    ""};
    if (head.status == 401 || head.status == 403) {
        failure.code = ExitCode::not_permitted;
        failure.remedy = "ask for the role in socket.roles of /etc/lamd/lamd.yaml";
    } else if (head.status == 404) {
        failure.code = ExitCode::no_such_object;
    } else if (head.status == 408 || head.status == 504) {
        failure.code = ExitCode::timed_out;
    }
    failure.is_passing = head.status == 503;
    if (const auto retry = head.find("Retry-After"); !retry.empty()) {
        failure.remedy = fmt::format("try again in {} s", retry);
    }
    return failure;
}

Failure where_missing(Failure failure, std::string remedy) {
    if (failure.code == ExitCode::no_such_object) {
        failure.remedy = std::move(remedy);
    }
    return failure;
}

Outcome<std::string> fetch(const std::string& socket, const Request& request, Duration patience) {
    const Until until{-1, std::chrono::steady_clock::now() + patience};
    auto exchange = Exchange::start(socket, request, until);
    if (!exchange) {
        return exchange.error();
    }
    auto body = (*exchange)->read_all(until);
    if (body && ((*exchange)->head().status < 200 || (*exchange)->head().status > 299)) {
        return failure_of((*exchange)->head(), *body);
    }
    return body;
}

std::string percent_encode(std::string_view name) {
    constexpr std::string_view kUnreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    std::string encoded;
    for (const char c : name) {
        if (kUnreserved.find(c) != std::string_view::npos) {
            encoded += c;
        } else {
            encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return encoded;
}

}  // namespace lamd::lamctl
