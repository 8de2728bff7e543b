// One request on its way: chosen servers are tried in order, the answer is passed on as it comes, and how it ended is
// counted and told. Lives in the coroutine of its request; when that is cancelled because the caller has left, the
// exchange with the server goes with it, which closes the connection there.
#pragma once

#include "api/error.h"
#include "api/event.h"
#include "api/status.h"
#include "base/async.h"
#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "gateway/figures.h"
#include "gateway/request_body.h"
#include "gateway/stream_watch.h"
#include "supervisor/path.h"
#include "transport/http/client.h"
#include "transport/http/server.h"
#include "transport/sse/splitter.h"

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lamd::gateway {

/// What all requests share.
struct Ledger {
    api::StreamCounts counts;
    Figures figures;
    std::uint64_t turn = 0;
    std::function<void(api::StreamChange)> on_stream;  // may be empty
};

// Shared with the gateway's list of paths: a reload may take one out of it while an answer is under way.
using PathPointer = std::shared_ptr<supervisor::Path>;

struct RelayEnvironment {
    const Clock& clock;
    Ledger& ledger;
    const config::RequestDefaults& defaults;
    std::vector<PathPointer> paths;
};

class Relay {
public:
    Relay(RelayEnvironment environment, const transport::http::Request& request, transport::http::Responder& responder);
    ~Relay();
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;

    [[nodiscard]] asio::awaitable<void> run();

private:
    enum class Ending { left, finished, failed };

    [[nodiscard]] asio::awaitable<void> try_servers(std::span<const std::size_t> order);
    [[nodiscard]] transport::http::ClientRequest request_to(const supervisor::Path& path) const;

    [[nodiscard]] asio::awaitable<void> answer(transport::http::Exchange& exchange, transport::http::Head head);
    [[nodiscard]] asio::awaitable<void> answer_whole(transport::http::Exchange& exchange, transport::http::Head head);
    [[nodiscard]] asio::awaitable<void> answer_stream(transport::http::Exchange& exchange, transport::http::Head head);
    [[nodiscard]] asio::awaitable<void> pass_events(transport::http::Exchange& exchange);
    [[nodiscard]] asio::awaitable<bool> pass(std::string bytes, transport::http::Exchange& exchange);
    [[nodiscard]] asio::awaitable<void> end_stream();
    [[nodiscard]] asio::awaitable<void> cut(std::string why);

    [[nodiscard]] asio::awaitable<void> refuse(unsigned status, api::ErrorObject error);
    [[nodiscard]] asio::awaitable<void> unavailable(std::span<const std::size_t> refused);
    [[nodiscard]] asio::awaitable<void> fail(const transport::http::Failure& failure);

    [[nodiscard]] transport::http::Fields lam_fields() const;
    [[nodiscard]] transport::http::Fields fields_of(const transport::http::Head& head) const;
    [[nodiscard]] std::string_view server_name() const;
    void see_answer(unsigned status);
    void see_first_event();
    void ended(Ending ending, bool is_server_good);
    void tell(std::string_view state) const;

    RelayEnvironment environment_;
    const transport::http::Request& request_;
    transport::http::Responder& responder_;
    std::string stream_id_;
    Instant begun_;
    RequestBody body_;
    PathPointer path_;  // the server that is being asked
    std::uint64_t attempts_ = 0;
    std::vector<std::string> reasons_;  // why the servers that were tried cannot answer
    transport::sse::Splitter splitter_;
    StreamWatch watch_{1};
    bool has_first_event_ = false;
    Ending ending_ = Ending::left;
    std::string failure_;  // what the caller was told of an answer that failed
};

}  // namespace lamd::gateway
