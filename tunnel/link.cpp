#include "tunnel/link.h"

#include "base/uuid.h"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace lamd::tunnel {

Link::Link(asio::ip::tcp::socket socket, const Clock& clock, Duration dead_peer,
           const std::vector<std::string>& host_key_algorithms)
    : clock_(clock),
      dead_peer_(dead_peer),
      session_(host_key_algorithms),
      tasks_(socket.get_executor()),
      progress_(socket.get_executor()),
      wake_(socket.get_executor()),
      watch_(dead_peer, false, clock.now()),
      wire_(std::move(socket), session_.input(), session_.output(),
            {.on_input = [this] { on_input(); }, .on_drained = [this] { relay_.on_drained(); }}),
      relay_(wire_.executor(), session_, [this] { wire_.flush(); }) {
    wire_.start(tasks_);
}

// A port that is being bound first: libssh2 refuses connections to a port that it does not know yet.
void Link::on_input() {
    watch_.received(clock_.now());
    continue_bind();
    if (pending_ && pending_()) {
        pending_ = nullptr;
        progress_.set();
    }
    session_.pump();
    route_accepted();
    look_for_nonce();
    relay_.on_input();
    read_claim();
    wire_.flush();
    if (is_over()) {
        wake_.set();
    }
}

void Link::begin_bind(std::string host, int port, Target& target) {
    binding_.emplace(Binding{.host = std::move(host), .port = port, .target = &target, .answer = {}});
    continue_bind();
    wire_.flush();
}

void Link::continue_bind() {
    if (!binding_ || binding_->answer) {
        return;
    }
    binding_->answer = session_.listen(binding_->host, binding_->port);
    if (binding_->answer && *binding_->answer) {
        routes_.push_back({**binding_->answer, binding_->target});
    }
}

asio::awaitable<ssh::Outcome<ssh::Listener*>> Link::bind(std::string host, int port, Target& target, Instant deadline) {
    const bool is_asked = binding_ && binding_->host == host && binding_->port == port;
    const bool is_refused = is_asked && binding_->answer && !*binding_->answer;
    if (!is_asked || is_refused) {
        begin_bind(std::move(host), port, target);
    }
    auto listener = co_await drive<ssh::Listener*>([&] { return binding_->answer; }, deadline);
    binding_.reset();
    co_return listener;
}

void Link::route_accepted() {
    for (auto& accepted : session_.take_accepted()) {
        if (verifying_ && accepted.listener == verifying_->listener) {
            verifying_->candidates.push_back({std::move(accepted), {}});
        } else {
            deliver(std::move(accepted), {});
        }
    }
}

void Link::deliver(ssh::Accepted accepted, std::string received) {
    for (const auto& [listener, target] : routes_) {
        if (listener == accepted.listener) {
            relay_.open(std::move(accepted.channel), *target, std::move(received));
            return;
        }
    }
}

asio::awaitable<ssh::Outcome<ClaimAnswer>> Link::claim(std::string command, Instant deadline) {
    auto channel = co_await drive<std::unique_ptr<ssh::Channel>>([&] { return session_.execute(command); }, deadline);
    if (!channel && channel.error().kind == ssh::FailureKind::refused) {
        co_return ClaimAnswer{.kind = ClaimAnswer::Kind::unavailable, .why = channel.error().message};
    }
    if (!channel) {
        co_return channel.error();
    }
    claim_ = std::move(*channel);
    for (;;) {
        read_claim();
        if (auto answer = read_claim_answer(claim_output_, is_claim_over_)) {
            claim_output_.clear();
            is_claimed_ = true;
            has_guard_ = answer->has_guard;
            if (answer->kind == ClaimAnswer::Kind::unavailable) {
                claim_.reset();
            } else {
                watch_ = PeerWatch(dead_peer_, claim_ != nullptr, clock_.now());
                wire_.peer_has_no_delay();  // see claim.h
            }
            wire_.flush();
            co_return *answer;
        }
        if (is_over()) {
            co_return session_.failure();
        }
        wake_.clear();
        if (!co_await wake_.wait_until(deadline)) {
            claim_.reset();
            wire_.flush();
            co_return ClaimAnswer{.kind = ClaimAnswer::Kind::unavailable, .why = "the server's command gave no answer"};
        }
    }
}

void Link::read_claim() {
    std::array<char, 1024> bytes;
    while (claim_ && !is_claim_over_) {
        const auto [what, size] = claim_->read(bytes);
        if (what == ssh::Channel::Read::nothing) {
            return;
        }
        wake_.set();
        if (what != ssh::Channel::Read::data) {
            is_claim_over_ = true;
            watch_ = PeerWatch(dead_peer_, false, clock_.now());
            return;
        }
        claim_output_.append(bytes.data(), size);
        hear_claim();
    }
}

void Link::hear_claim() {
    if (!is_claimed_) {
        return;
    }
    const auto talk = read_claim_talk(claim_output_);
    if (!talk.reply.empty()) {
        static_cast<void>(claim_->write(talk.reply));
    }
    if (talk.is_answered) {
        answered(clock_.now());
    }
}

void Link::announce(const std::string& bound) {
    if (has_guard_ && claim_ && !is_claim_over_ && bound != announced_) {
        announced_ = bound;
        static_cast<void>(claim_->write("bound " + bound + "\n"));
        wire_.flush();
    }
}

asio::awaitable<Link::Verification> Link::verify(ssh::Listener* listener, std::string host, Instant deadline) {
    struct Guard {
        Link& link;
        ~Guard() {
            auto candidates = std::move(link.verifying_->candidates);
            link.verifying_.reset();
            for (auto& [accepted, received] : candidates) {
                link.deliver(std::move(accepted), std::move(received));
            }
        }
    };
    verifying_.emplace(Verifying{.listener = listener, .nonce = "lamd-verify " + make_uuid_v4() + "\n"});
    const Guard guard{*this};
    auto channel = co_await drive<std::unique_ptr<ssh::Channel>>(
        [&] { return session_.connect(host, listener->port()); }, deadline);
    if (!channel) {
        co_return channel.error().kind == ssh::FailureKind::refused ? Verification::not_possible : Verification::lost;
    }
    static_cast<void>((*channel)->write(verifying_->nonce));
    wire_.flush();
    while (!verifying_->has_come_back && !is_over()) {
        wake_.clear();
        if (!co_await wake_.wait_until(deadline)) {
            break;
        }
    }
    co_return verifying_->has_come_back ? Verification::came_back : Verification::lost;
}

// A connection to the port under verification is ours or a stranger's: its first bytes tell.
void Link::look_for_nonce() {
    if (!verifying_) {
        return;
    }
    std::vector<Candidate> undecided;
    for (auto& candidate : std::exchange(verifying_->candidates, {})) {
        std::array<char, 64> bytes;
        const auto wanted = verifying_->nonce.size() - candidate.received.size();
        const auto [what, size] = candidate.accepted.channel->read(std::span(bytes).first(wanted));
        candidate.received.append(bytes.data(), size);
        if (candidate.received == verifying_->nonce) {
            verifying_->has_come_back = true;
            wake_.set();
        } else if (what == ssh::Channel::Read::nothing ||
                   (what == ssh::Channel::Read::data && verifying_->nonce.starts_with(candidate.received))) {
            undecided.push_back(std::move(candidate));
        } else {
            deliver(std::move(candidate.accepted), std::move(candidate.received));
        }
    }
    verifying_->candidates = std::move(undecided);
}

asio::awaitable<Outcome> Link::serve(std::optional<Instant> until) {
    for (;;) {
        if (is_over() || has_lost_address_) {
            co_return lost();
        }
        const auto now = clock_.now();
        const auto next = watch_.next(now);
        if (next.verdict == PeerWatch::Verdict::dead) {
            co_return Failed{.cause = Cause::silent,
                             .trouble = {fmt::format("{} does not answer any more", peer()),
                                         "connected again by itself; if that does not work, see whether the server "
                                         "runs, and the network on the way to it"}};
        }
        if (next.verdict == PeerWatch::Verdict::probe) {
            send_probe(now);
            continue;
        }
        if (until && now >= *until && !pending_) {  // a probe under way owns the session's opening of channels
            co_return Due{};
        }
        wake_.clear();
        co_await wake_.wait_until(until && !pending_ ? std::min(*until, next.until) : next.until);
    }
}

void Link::suspect() {
    watch_.suspect();
    has_lost_address_ = !wire_.has_local_address();
    wake_.set();
}

// A line for the claim's script to give back, or else a session channel opened and closed: works on every sshd.
void Link::send_probe(Instant now) {
    watch_.probed(now);
    if (!probe_sent_) {
        probe_sent_ = now;
    }
    if (claim_ && !is_claim_over_) {
        static_cast<void>(claim_->write("beat\n"));
    } else if (!pending_) {
        pending_ = [this] {
            const bool is_answered = session_.probe().has_value();
            if (is_answered) {
                answered(clock_.now());
            }
            return is_answered;
        };
        if (pending_()) {
            pending_ = nullptr;
        }
    }
    wire_.flush();
}

void Link::answered(Instant now) {
    if (probe_sent_) {
        round_trip_ = now - *probe_sent_;
        probe_sent_.reset();
    }
}

Failed Link::lost() const {
    const auto why = has_lost_address_ ? "this machine has lost the address it came from" : session_.failure().message;
    return {.cause = Cause::lost,
            .trouble = {fmt::format("connection to {} lost: {}", peer(), why),
                        "connected again by itself; if it happens often, the server's log says why: there `journalctl "
                        "-u ssh -n 50`"}};
}

void Link::close(bool is_orderly) {
    if (is_orderly && !is_over()) {
        relay_.close();
        claim_.reset();
        session_.disconnect("lamd stops");
        wire_.flush();
    }
    wire_.close(!is_orderly);
    relay_.close();
    tasks_.cancel();
}

}  // namespace lamd::tunnel
