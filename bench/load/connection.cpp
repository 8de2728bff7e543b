#include "bench/load/connection.h"

namespace lamd::bench::load {

namespace {

constexpr int kReadsPerTurn = 4;

}  // namespace

void Connection::open() {
    ++incarnation_;
    socket_ = start_connecting(load_.settings().endpoint);
    if (!socket_.is_open()) {
        return on_lost();
    }
    is_connecting_ = true;
    load_.poller().add(socket_.fd(), EPOLLIN | EPOLLOUT, *this);
}

void Connection::close() {
    ++incarnation_;
    if (socket_.is_open()) {
        load_.poller().remove(socket_.fd(), *this);
        socket_.close();
    }
}

void Connection::on_lost() {
    close();
    ++load_.tally().errors;
    load_.after(kMillisecond, [this] { open(); });
}

void Connection::send_request(std::string_view request) {
    if (socket_.send(request).bytes != request.size()) {
        on_lost();
    }
}

void Connection::watch(std::uint32_t events) {
    load_.poller().change(socket_.fd(), events, *this);
}

void Connection::on_ready(std::uint32_t events) {
    if (is_connecting_) {
        return finish_connecting();
    }
    const int incarnation = incarnation_;
    if ((events & EPOLLOUT) != 0) {
        on_writable();
    }
    if (incarnation == incarnation_ && (events & ~std::uint32_t{EPOLLOUT}) != 0) {
        read();
    }
}

void Connection::finish_connecting() {
    is_connecting_ = false;
    if (socket_.connect_error() != 0) {
        return on_lost();
    }
    if (load_.tally().connected == 0) {
        load_.tally().connected = now();
    }
    watch(EPOLLIN);
    on_open();
}

void Connection::read() {
    const int incarnation = incarnation_;
    for (int turn = 0; turn < kReadsPerTurn && incarnation == incarnation_; ++turn) {
        const auto [bytes, is_closed] = socket_.receive(load_.buffer());
        if (is_closed) {
            return on_lost();
        }
        if (bytes == 0) {
            return;
        }
        on_data(std::string_view(load_.buffer().data(), bytes), now());
        if (bytes < load_.buffer().size()) {
            return;
        }
    }
}

}  // namespace lamd::bench::load
