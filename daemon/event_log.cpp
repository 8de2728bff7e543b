#include "daemon/event_log.h"

#include "api/codec.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

namespace lamd::daemon {

void EventLog::publish(api::Change change, WallTime time) {
    ++last_;
    if (auto* const stream = std::get_if<api::StreamChange>(&change)) {
        kept_.emplace_back(OfStream{time, std::move(*stream)});
    } else {
        kept_.emplace_back(format({last_, time, std::move(change)}));
    }
    bytes_ += size(kept_.back());
    while (kept_.size() > kEvents || (bytes_ > kBytes && kept_.size() > 1)) {
        bytes_ -= size(kept_.front());
        kept_.pop_front();
    }
    changed_.set();
    changed_.clear();
}

std::size_t EventLog::size(const Kept& kept) {
    if (const auto* const text = std::get_if<std::string>(&kept)) {
        return text->size();
    }
    const auto& change = std::get<OfStream>(kept).change;  // a caller chooses how long the model's name is
    const auto& reason = change.reason.value_or(api::Reason{});
    return sizeof(OfStream) + change.id.size() + change.server.size() + change.model.size() + reason.message.size() +
           reason.remedy.size();
}

std::optional<std::string> EventLog::find(std::uint64_t number) const {
    if (number > last_ || last_ - number >= kept_.size()) {
        return std::nullopt;
    }
    const auto& kept = kept_[kept_.size() - 1 - static_cast<std::size_t>(last_ - number)];
    if (const auto* const text = std::get_if<std::string>(&kept)) {
        return *text;
    }
    const auto& stream = std::get<OfStream>(kept);
    return format({number, stream.time, stream.change});
}

std::string EventLog::snapshot(api::Status status, WallTime time) const {
    return format({last_, time, std::move(status)});
}

std::optional<std::uint64_t> EventLog::place_of(std::string_view id) const {
    if (!id.starts_with(run_) || id.size() <= run_.size() + 1 || id[run_.size()] != '.') {
        return std::nullopt;
    }
    id.remove_prefix(run_.size() + 1);
    std::uint64_t number = 0;
    const auto [end, ec] = std::from_chars(id.data(), id.data() + id.size(), number);
    if (ec != std::errc() || end != id.data() + id.size() || number > last_ || last_ - number > kept_.size()) {
        return std::nullopt;
    }
    return number;
}

asio::awaitable<bool> EventLog::wait_beyond(std::uint64_t seen, Instant deadline) {
    if (last_ <= seen && !is_closed_) {
        co_await changed_.wait_until(deadline);
    }
    co_return last_ > seen;
}

void EventLog::close() {
    is_closed_ = true;
    changed_.set();
}

std::string EventLog::format(const api::Event& event) const {
    return fmt::format("id: {}.{}\nevent: {}\ndata: {}\n\n", run_, event.number, api::kind(event.change),
                       api::encode(event));
}

}  // namespace lamd::daemon
