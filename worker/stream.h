// One answer of the server, journalled: asks the server, reads the answer into the journal as long as there is room,
// and knows how it ended. Whoever reads it (an ingress) comes and goes; what it needs is in the journal.
//
// Owner: Streams, which runs it and cancels it. Readers share it, so that one that is behind can finish what has ended.
#pragma once

#include "base/async.h"
#include "base/clock.h"
#include "config/config.h"
#include "transport/http/client.h"
#include "transport/openai/patience.h"
#include "transport/openai/stream_watch.h"
#include "transport/sse/splitter.h"
#include "worker/journal.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lamd::worker {

struct StreamRequest {
    std::string id;  ///< a UUID
    std::string method = "POST";
    std::string path;  ///< `/v1/chat/completions`
    std::string content_type = "application/json";
    std::string body;
    config::Deadlines deadlines;
    Duration lease = std::chrono::seconds(30);  ///< without a reader for so long, it is cancelled
};

struct AnswerHead {
    unsigned status = 200;
    std::string content_type;
};

/// How a stream has ended.
struct Ending {
    enum class Kind { complete, failed, cancelled };

    Kind kind = Kind::failed;
    unsigned status = 502;     ///< of failed: the server's, or what lamd makes of it
    std::string error;         ///< of failed: an OpenAI error object as JSON, the server's own where it gave one
    std::string retry_after;   ///< of failed: the server's field, empty without
    bool may_have_run = true;  ///< of failed: false when the server provably never had the request
};

class Stream {
public:
    struct Environment {
        asio::any_io_executor executor;
        const Clock& clock;
        transport::http::Client& client;
        const config::Worker& worker;
        const Secret& key;
    };

    Stream(const Environment& environment, Shelf& shelf, ByteCount limit, StreamRequest request);
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    /// Until the answer has ended, well or badly. Cancelled by its owner when nobody wants it any more.
    [[nodiscard]] asio::awaitable<void> run();

    [[nodiscard]] const StreamRequest& request() const {
        return request_;
    }
    [[nodiscard]] const std::optional<AnswerHead>& head() const {
        return head_;
    }
    /// Whether the answer is a stream of events, or one body.
    [[nodiscard]] bool is_event_stream() const;
    [[nodiscard]] const Journal& journal() const {
        return journal_;
    }
    [[nodiscard]] const std::optional<Ending>& ending() const {
        return ending_;
    }
    /// When the server last got on with the answer; pings are no progress.
    [[nodiscard]] Instant last_progress() const {
        return last_progress_;
    }

    /// Sets `changed` whenever there is a head, an event or an ending that was not there before, until forget().
    void tell(Event& changed) {
        readers_.push_back(&changed);
    }
    void forget(const Event& changed) {
        std::erase(readers_, &changed);
    }

    /// A reader lives: the lease begins again.
    void keep() {
        lease_end_ = environment_.clock.now() + request_.lease;
    }
    /// It has everything before `seq`.
    void acknowledge(std::uint64_t seq);

    [[nodiscard]] Instant lease_end() const {
        return lease_end_;
    }

    /// Ends it as cancelled, unless it has ended; the owner then cancels run().
    void give_up();

    /// Ends it because this lamd ends; the gateway is told to look elsewhere.
    void stop();

private:
    [[nodiscard]] asio::awaitable<void> pass_whole(transport::http::Exchange& exchange);
    [[nodiscard]] asio::awaitable<void> pass_events(transport::http::Exchange& exchange);
    [[nodiscard]] asio::awaitable<void> refuse(transport::http::Exchange& exchange, const transport::http::Head& head);
    [[nodiscard]] transport::http::ClientRequest server_request() const;
    [[nodiscard]] asio::awaitable<void> wait_for_room();
    [[nodiscard]] bool take(std::string bytes);
    void see_progress();
    void broken_off(transport::http::Failure failure);
    void end_of_events();
    void fail(unsigned status, std::string_view code, std::string_view message, bool may_have_run = true);
    void fail(const transport::http::Failure& failure);
    void end(Ending ending);
    void changed();

    Environment environment_;
    StreamRequest request_;
    Journal journal_;
    Event room_;
    std::vector<Event*> readers_;
    transport::sse::Splitter splitter_;
    transport::openai::StreamWatch watch_{1};
    transport::openai::Patience patience_;
    std::optional<AnswerHead> head_;
    std::optional<Ending> ending_;
    Instant last_progress_;
    std::uint64_t steps_ = 0;  // of the watch, then
    Instant lease_end_;
};

}  // namespace lamd::worker
