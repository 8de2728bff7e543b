// What a gateway makes of the messages of a stream, in whatever order, however often, and with whatever missing among
// them. Invariants: what the caller has is the answer's beginning, byte by byte, event by event; what makes the answer
// look complete comes only with the worker's true count of all of it; and nothing is counted as lost or twice.
#include "gateway/assembly.h"
#include "tests/fuzz/fuzz.h"

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <vector>

namespace {

using namespace lamd;
using namespace lamd::transport::stream;
using fuzz::Input;
using fuzz::require;
using gateway::Assembly;
using Verdict = Assembly::Verdict;

std::string make_event(Input& input) {
    switch (input.number(8)) {
        case 0:
            return "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
        case 1:
            return "data: [DONE]\n\n";
        case 2:
            return std::string(input.text());
        case 3:
            return "";
        default:
            return fmt::format("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{}\"}}}}]}}\n\n",
                               input.number(256));
    }
}

class Run {
public:
    explicit Run(Input& input) : input_(input) {
        const auto count = input_.number(32);
        transport::openai::StreamWatch watch(1);
        Tally tally;
        for (std::size_t i = 0; i < count; ++i) {
            events_.push_back(make_event(input_));
            tally.add(events_.back());
            watch.see(events_.back());
            looks_complete_ += watch.is_complete() || watch.is_done() ? 0 : 1;
        }
        totals_ = tally.totals();
    }

    void all() {
        while (!input_.is_empty() && !is_complete_) {
            take();
        }
        if (!is_complete_) {
            finish();
        }
        require(passed_ == text(events_.size()));
    }

private:
    [[nodiscard]] std::string text(std::size_t count) const {
        std::string text;
        for (std::size_t i = 0; i < count; ++i) {
            text += events_[i];
        }
        return text;
    }

    [[nodiscard]] Message any() {
        const auto place = input_.number(events_.size() + 1);
        switch (input_.number(9)) {
            case 0:
                return Beat{place, {}};
            case 1:
                return End{totals_};
            case 2:
                return End{{place, totals_.bytes, totals_.crc32 + 1}};
            case 3:
                return Fail{.status = 502, .error = "{}", .retry_after = ""};
            case 4:
                return Gone{};
            case 5:
                return Head{200, "text/event-stream"};
            default:
                return place < events_.size() ? Message(Data{place, events_[place]}) : Message(Beat{place, {}});
        }
    }

    void take() {
        std::vector<Message> messages;
        for (auto count = 1 + input_.number(4); count > 0; --count) {
            // Mostly what comes next, so that something gets on.
            const bool is_next = input_.number(2) == 0 && assembly_.next() < events_.size();
            messages.push_back(is_next ? Data{assembly_.next(), events_[assembly_.next()]} : any());
        }
        take(messages);
        assembly_.forgive();
    }

    // A way that works: from its head and where it was on, to the end.
    void finish() {
        std::vector<Message> messages{Head{200, "text/event-stream"}};
        for (auto seq = assembly_.next(); seq < events_.size(); ++seq) {
            messages.emplace_back(Data{seq, events_[seq]});
        }
        messages.emplace_back(End{totals_});
        take(messages);
        require(is_complete_);
    }

    void take(const std::vector<Message>& messages) {
        const auto before = assembly_.next();
        const auto progress = assembly_.take(messages);
        const auto next = assembly_.next();
        passed_ += progress.bytes;
        count_ += progress.events;
        is_complete_ = progress.verdict == Verdict::complete;
        require(next >= before && next <= events_.size());
        require(!is_complete_ || (next == events_.size() && assembly_.head()));
        const auto shown = is_complete_ ? next : std::min<std::size_t>(next, looks_complete_);
        require(passed_ == text(shown) && count_ == shown);
        require(assembly_.continuity().lost() == 0 && assembly_.continuity().twice() == 0);
        require((progress.verdict == Verdict::failed) == assembly_.failure().has_value());
    }

    Input& input_;
    std::vector<std::string> events_;
    Totals totals_;
    std::size_t looks_complete_ = 0;  // from this event on
    Assembly assembly_{1};
    std::string passed_;
    std::uint64_t count_ = 0;
    bool is_complete_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    Input input(bytes, size);
    Run(input).all();
    return 0;
}
