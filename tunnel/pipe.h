// A Pipe is one forwarded connection: an SSH channel on one side, a local socket on the other, each half closed on its
// own.
//
// Shared ownership, for one reason: Asio's pending operations on the local socket hold the Pipe until their handlers
// have run, which may be after the Relay has let go of it. A closed Pipe touches neither Relay nor Target.
#pragma once

#include "tunnel/relay.h"

#include <boost/asio/ip/tcp.hpp>

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace lamd::tunnel {

class Pipe final : public std::enable_shared_from_this<Pipe> {
public:
    /// `received`: what has already been read from the channel.
    Pipe(Relay& relay, std::unique_ptr<ssh::Channel> channel, Target& target, std::string received);

    void start();
    void close();

    /// Local bytes into the channel, at most one quantum. True: there is more to send now.
    [[nodiscard]] bool pump_up();

    /// Channel bytes into the local socket, as long as it takes them.
    void pump_down();

    /// Whether pump_down() has something to do.
    [[nodiscard]] bool wants_down() const;

    bool is_ready = false;    ///< in Relay::ready_
    bool is_waiting = false;  ///< in Relay::waiting_

private:
    enum class Local { connecting, open, ended };  ///< what the local socket still sends

    void connect(std::vector<LocalEndpoint> endpoints, std::size_t index);
    void resolve();
    void connected(const LocalEndpoint& endpoint);
    void refuse(const std::string& why);
    void read_local();
    void on_local_read(const boost::system::error_code& error, std::size_t size);
    void wait_writable();
    [[nodiscard]] bool send_pending();
    [[nodiscard]] bool send_more();
    [[nodiscard]] std::optional<std::size_t> send(std::string_view bytes);
    [[nodiscard]] bool send_eof_if_ended();
    [[nodiscard]] bool write_unsent();
    [[nodiscard]] std::optional<std::size_t> write_local(std::string_view bytes);
    void end_remote();
    void close_if_both_ended();
    void wait_for_window();

    Relay& relay_;
    Target& target_;
    std::unique_ptr<ssh::Channel> channel_;
    LocalSocket socket_;
    std::unique_ptr<asio::ip::tcp::resolver> resolver_;

    std::array<char, 1024> first_{};  ///< what the next local read lands in: one event of a stream fits
    std::string_view fresh_;          ///< the part of first_ that the channel has not taken yet
    std::string pending_;             ///< what else it has not taken yet: at most one packet
    std::string unsent_;              ///< channel bytes that the local socket has not taken yet: at most one read
    bool may_have_more_ = false;      ///< the last local read filled its buffer
    Local local_ = Local::connecting;
    bool is_reading_ = false;
    bool is_waiting_writable_ = false;
    bool is_eof_sent_ = false;
    bool is_remote_ended_ = false;
    bool is_closed_ = false;
};

}  // namespace lamd::tunnel
