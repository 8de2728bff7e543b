#include "worker/stream_reader.h"

#include "api/error.h"

#include <fmt/format.h>

#include <utility>

namespace lamd::worker {

namespace {

using transport::stream::Message;

constexpr std::size_t kAtOnce = 64 * 1024;  ///< bytes of events
constexpr std::size_t kPlenty = 16 * 1024;  ///< is not gathered any longer

}  // namespace

StreamReader::StreamReader(const asio::any_io_executor& executor, const Clock& clock, std::shared_ptr<Stream> stream,
                           std::uint64_t seq, Keeping keeping)
    : clock_(clock), stream_(std::move(stream)), changed_(executor), seq_(seq), keeping_(keeping) {
    stream_->tell(changed_);
    stream_->keep();
}

StreamReader::~StreamReader() {
    stream_->forget(changed_);
}

asio::awaitable<std::vector<Message>> StreamReader::next() {
    if (has_ended_) {
        co_return std::vector<Message>();
    }
    const auto due = clock_.now() + kBeat;
    for (;;) {
        changed_.clear();
        auto messages = news();
        keep();
        if (!messages.empty()) {
            co_return messages;
        }
        if (!co_await changed_.wait_until(due)) {
            keep();
            co_return std::vector<Message>{beat()};
        }
    }
}

asio::awaitable<void> StreamReader::gather(Instant deadline) {
    while (!has_plenty() && clock_.now() < deadline) {
        changed_.clear();
        static_cast<void>(co_await changed_.wait_until(deadline));
    }
}

bool StreamReader::has_plenty() const {
    return stream_->ending() || stream_->journal().totals().bytes - told_ >= kPlenty;
}

void StreamReader::keep() {
    if (keeping_ == Keeping::by_reading) {
        stream_->keep();
    }
}

std::vector<Message> StreamReader::news() {
    std::vector<Message> messages;
    const auto& journal = stream_->journal();
    if (seq_ < journal.first() || seq_ > journal.next()) {
        const auto error = api::make_error(410,
                                           fmt::format("events {} to {} of the stream are left, {} was asked for",
                                                       journal.first(), journal.next(), seq_),
                                           "stream_forgotten");
        has_ended_ = true;
        messages.emplace_back(transport::stream::Fail{.status = 410, .error = api::encode(error), .retry_after = ""});
        return messages;
    }
    if (stream_->head() && !std::exchange(has_head_, true)) {
        messages.emplace_back(transport::stream::Head{stream_->head()->status, stream_->head()->content_type});
    }
    std::size_t size = 0;
    for (auto event = journal.at(seq_); event && size < kAtOnce; event = journal.at(++seq_)) {
        size += event->size();
        messages.emplace_back(transport::stream::Data{seq_, std::string(*event)});
    }
    if (seq_ == journal.next()) {
        told_ = journal.totals().bytes;
    }
    if (stream_->ending() && seq_ == journal.next()) {
        has_ended_ = true;
        messages.push_back(ending());
    }
    return messages;
}

Message StreamReader::ending() const {
    const auto& ending = *stream_->ending();
    switch (ending.kind) {
        case Ending::Kind::complete:
            return transport::stream::End{stream_->journal().totals()};
        case Ending::Kind::cancelled:
            return transport::stream::Gone{};
        case Ending::Kind::failed:
            break;
    }
    return transport::stream::Fail{ending.status, ending.error, ending.retry_after, ending.may_have_run};
}

Message StreamReader::beat() const {
    return transport::stream::Beat{seq_, clock_.now() - stream_->last_progress()};
}

// A transport without acknowledgements has at most a few buffers' worth under way: when the journal is full, its older
// half has arrived.
void StreamReader::written() {
    if (stream_->journal().is_full()) {
        stream_->acknowledge(std::min(seq_, stream_->journal().middle()));
    }
}

}  // namespace lamd::worker
