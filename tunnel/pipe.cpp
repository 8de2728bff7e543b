#include "tunnel/pipe.h"

#include <fmt/format.h>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <algorithm>
#include <utility>

namespace lamd::tunnel {

namespace {

constexpr std::size_t kQuantum = 64 * 1024;  ///< per pipe and turn
constexpr std::size_t kChunk = 32 * 1024;    ///< one SSH packet's worth (RFC 4253, 6.1)

using error_code = boost::system::error_code;

bool is_would_block(const error_code& error) {
    return error == asio::error::would_block || error == asio::error::try_again;
}

}  // namespace

Pipe::Pipe(Relay& relay, std::unique_ptr<ssh::Channel> channel, Target& target, std::string received)
    : relay_(relay),
      target_(target),
      channel_(std::move(channel)),
      socket_(relay.executor_),
      unsent_(std::move(received)) {
    ++target_.open;
    ++target_.accepted;
    target_.received += unsent_.size();
}

void Pipe::start() {
    if (target_.needs_resolver()) {
        resolve();
    } else {
        connect(target_.endpoints(), 0);
    }
}

void Pipe::close() {
    if (is_closed_) {
        return;
    }
    is_closed_ = true;
    --target_.open;
    error_code ignored;
    socket_.close(ignored);
    resolver_.reset();
    channel_.reset();
    relay_.remove(*this);  // last: it may hold the only owner
}

void Pipe::resolve() {
    const auto& address = std::get<config::TcpAddress>(target_.address());
    resolver_ = std::make_unique<asio::ip::tcp::resolver>(relay_.executor_);
    resolver_->async_resolve(address.host, std::to_string(address.port),
                             [self = shared_from_this()](const error_code& error, const auto& entries) {
                                 if (self->is_closed_) {
                                     return;
                                 }
                                 if (error) {
                                     self->refuse(error.message());
                                     return;
                                 }
                                 std::vector<LocalEndpoint> endpoints;
                                 for (const auto& entry : entries) {
                                     endpoints.emplace_back(entry.endpoint());
                                 }
                                 self->connect(std::move(endpoints), 0);
                             });
}

void Pipe::connect(std::vector<LocalEndpoint> endpoints, std::size_t index) {
    const auto endpoint = endpoints[index];
    error_code ignored;
    socket_.close(ignored);
    socket_.async_connect(endpoint, [self = shared_from_this(), endpoints = std::move(endpoints), index,
                                     endpoint](const error_code& error) mutable {
        if (self->is_closed_) {
            return;
        }
        if (!error) {
            self->connected(endpoint);
        } else if (index + 1 < endpoints.size()) {
            self->connect(std::move(endpoints), index + 1);
        } else {
            self->refuse(error.message());
        }
    });
}

void Pipe::connected(const LocalEndpoint& endpoint) {
    target_.answered(endpoint);
    local_ = Local::open;
    error_code ignored;
    socket_.non_blocking(true, ignored);
    if (endpoint.protocol().family() != AF_UNIX) {
        socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
    }
    read_local();
    pump_down();
    if (!is_closed_) {
        relay_.flush_();
    }
}

void Pipe::refuse(const std::string& why) {
    target_.failed(fmt::format("connect to {}: {}", config::to_string(target_.address()), why));
    const auto flush = relay_.flush_;
    close();
    flush();
}

void Pipe::read_local() {
    if (is_reading_ || local_ != Local::open) {
        return;
    }
    is_reading_ = true;
    socket_.async_read_some(asio::buffer(first_),
                            [self = shared_from_this()](const error_code& error, std::size_t size) {
                                if (!self->is_closed_) {
                                    self->on_local_read(error, size);
                                }
                            });
}

void Pipe::on_local_read(const error_code& error, std::size_t size) {
    is_reading_ = false;
    if (error && error != asio::error::eof) {
        close();  // a reset: neither side has anything to wait for
        relay_.schedule();
        return;
    }
    if (error) {
        local_ = Local::ended;
    }
    fresh_ = {first_.data(), size};
    may_have_more_ = size == first_.size();
    relay_.make_ready(*this);
}

bool Pipe::pump_up() {
    if (is_closed_ || !send_pending()) {
        return false;
    }
    if (local_ == Local::open && may_have_more_ && send_more()) {
        return true;
    }
    if (!is_closed_ && !is_waiting && send_eof_if_ended()) {
        read_local();
    }
    return false;
}

// Bytes taken, or nullopt when the channel is closed. What is left waits for the window.
std::optional<std::size_t> Pipe::send(std::string_view bytes) {
    std::size_t sent = 0;
    while (sent < bytes.size()) {
        const auto taken = channel_->write(bytes.substr(sent));
        if (!taken) {
            close();
            return std::nullopt;
        }
        if (*taken == 0) {
            wait_for_window();
            break;
        }
        sent += *taken;
    }
    target_.sent += sent;
    return sent;
}

// False: the channel takes no more now, or is closed.
bool Pipe::send_pending() {
    const auto fresh = send(fresh_);
    if (!fresh) {
        return false;
    }
    fresh_.remove_prefix(*fresh);
    if (!fresh_.empty()) {
        return false;
    }
    if (!pending_.empty()) {
        const auto taken = send(pending_);
        if (!taken) {
            return false;
        }
        pending_.erase(0, *taken);
        if (!pending_.empty()) {
            return false;
        }
        std::string().swap(pending_);
    }
    return true;
}

// A local socket that filled the small buffer has more: read on into the shared one. True: the quantum, or the
// session's output, is used up, and there may be still more.
bool Pipe::send_more() {
    auto& scratch = relay_.scratch_;
    for (std::size_t done = 0; done < kQuantum && !relay_.session_.output().is_full();) {
        const auto room = std::min(kChunk, channel_->writable());
        if (room == 0) {
            wait_for_window();
            return false;
        }
        error_code error;
        const auto size = socket_.read_some(asio::buffer(scratch.data(), room), error);
        may_have_more_ = !error && size == room;
        if (is_would_block(error)) {
            return false;
        }
        if (error == asio::error::eof) {
            local_ = Local::ended;
            return false;
        }
        if (error) {
            close();
            return false;
        }
        const auto taken = send({scratch.data(), size});
        if (!taken) {
            return false;
        }
        pending_.assign(scratch.data() + *taken, size - *taken);
        if (!pending_.empty() || !may_have_more_) {
            return false;
        }
        done += size;
    }
    return true;
}

bool Pipe::send_eof_if_ended() {
    if (local_ == Local::ended && !is_eof_sent_) {
        if (!channel_->send_eof()) {
            wait_for_window();
            return false;
        }
        is_eof_sent_ = true;
        close_if_both_ended();
    }
    return !is_closed_;
}

void Pipe::wait_for_window() {
    if (!is_waiting) {
        is_waiting = true;
        relay_.waiting_.push_back(this);
    }
}

bool Pipe::wants_down() const {
    return local_ != Local::connecting && unsent_.empty() &&
           (is_remote_ended_ ? channel_->is_closed() : channel_->is_readable());
}

void Pipe::pump_down() {
    auto& scratch = relay_.scratch_;
    for (std::size_t done = 0; !is_closed_ && local_ != Local::connecting && write_unsent();) {
        if (is_remote_ended_) {
            if (channel_->is_closed()) {
                close();
            }
            return;
        }
        if (done >= kQuantum) {
            relay_.make_ready(*this);  // the others first; the next turn goes on here
            return;
        }
        const auto [what, size] = channel_->read(scratch);
        switch (what) {
            case ssh::Channel::Read::nothing:
                return;
            case ssh::Channel::Read::failed:
                close();
                return;
            case ssh::Channel::Read::end:
                end_remote();
                return;
            case ssh::Channel::Read::data:
                break;
        }
        done += size;
        target_.received += size;
        if (const auto written = write_local({scratch.data(), size}); written && *written < size) {
            unsent_.assign(scratch.data() + *written, size - *written);
        }
    }
}

// False: the local socket takes no more now, or is gone.
bool Pipe::write_unsent() {
    if (unsent_.empty()) {
        return true;
    }
    const auto written = write_local(unsent_);
    if (!written) {
        return false;
    }
    unsent_.erase(0, *written);
    if (!unsent_.empty()) {
        wait_writable();
        return false;
    }
    std::string().swap(unsent_);
    return true;
}

// Bytes taken, or nullopt when the local socket is gone.
std::optional<std::size_t> Pipe::write_local(std::string_view bytes) {
    std::size_t written = 0;
    while (written < bytes.size()) {
        error_code error;
        written += socket_.write_some(asio::buffer(bytes.data() + written, bytes.size() - written), error);
        if (is_would_block(error)) {
            break;
        }
        if (error) {
            close();
            return std::nullopt;
        }
    }
    return written;
}

void Pipe::wait_writable() {
    if (std::exchange(is_waiting_writable_, true)) {
        return;
    }
    socket_.async_wait(LocalSocket::wait_write, [self = shared_from_this()](const error_code& error) {
        self->is_waiting_writable_ = false;
        if (self->is_closed_) {
            return;
        }
        if (error) {
            self->close();
            return;
        }
        auto& relay = self->relay_;
        self->pump_down();
        relay.flush_();
    });
}

void Pipe::end_remote() {
    is_remote_ended_ = true;
    error_code ignored;
    socket_.shutdown(LocalSocket::shutdown_send, ignored);
    close_if_both_ended();
}

void Pipe::close_if_both_ended() {
    if (is_remote_ended_ && is_eof_sent_) {
        close();
    }
}

}  // namespace lamd::tunnel
