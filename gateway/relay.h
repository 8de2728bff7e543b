// One request on its way: chosen servers are tried in order, the answer is passed on as it comes, and how it ended is
// counted and told. Lives in the coroutine of its request; when that is cancelled because the caller has left, the
// exchange with a plain server goes with it, which closes the connection there; a worker is told to cancel.
//
// relay_place.cpp finds a server with a place for it, relay.cpp tries servers, relay_answer.cpp passes the answer of a
// plain server on, relay_stream.cpp that of a worker.
#pragma once

#include "api/error.h"
#include "api/event.h"
#include "api/status.h"
#include "base/async.h"
#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "gateway/carrier.h"
#include "gateway/choice.h"
#include "gateway/cursors.h"
#include "gateway/figures.h"
#include "supervisor/admission.h"
#include "supervisor/server.h"
#include "transport/http/server.h"
#include "transport/openai/request_body.h"
#include "transport/openai/stream_watch.h"
#include "transport/sse/splitter.h"

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lamd::gateway {

// Shared with the gateway's list of servers: a reload may take one out of it while an answer is under way.
using ServerPointer = std::shared_ptr<supervisor::Server>;

/// What all requests share.
struct Ledger {
    api::StreamCounts counts;
    Figures figures;
    std::uint64_t turn = 0;
    std::function<void(api::StreamChange)> on_stream;  // may be empty
    /// Tells the worker that nobody wants the stream any more, until it has heard it.
    std::function<void(ServerPointer, std::string id)> cancel;
    supervisor::Admission* admission = nullptr;
    Cursors* cursors = nullptr;
};

struct RelayEnvironment {
    const Clock& clock;
    Ledger& ledger;
    const config::RequestDefaults& defaults;
    const config::Mode& mode;
    const std::vector<config::ModelFallback>& fallbacks;
    log::Logger& log;
    std::vector<ServerPointer> servers;
};

class Relay {
public:
    Relay(RelayEnvironment environment, const transport::http::Request& request, transport::http::Responder& responder);
    ~Relay();
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;

    [[nodiscard]] asio::awaitable<void> run();

    /// Goes on with a stream that was begun before, for a caller who has come back.
    [[nodiscard]] asio::awaitable<void> resume(Cursor cursor);

private:
    enum class Ending { left, finished, failed };

    /// Why a server gave no answer, as the caller is told if no other one does better.
    struct Refusal {
        transport::http::Response response;
        bool is_final = false;  ///< the caller's own fault, or said by two servers: nobody else is asked
    };

    [[nodiscard]] std::vector<std::string> models_for(const std::string& model) const;
    [[nodiscard]] Choice choose_now(std::string_view model);
    [[nodiscard]] bool take_server();
    [[nodiscard]] asio::awaitable<bool> is_admitted();
    [[nodiscard]] asio::awaitable<void> try_servers();
    void hold(ServerPointer server);
    [[nodiscard]] asio::awaitable<bool> try_server();
    [[nodiscard]] transport::stream::Opening opening() const;
    [[nodiscard]] asio::awaitable<void> take_failure(transport::http::Failure failure);
    [[nodiscard]] asio::awaitable<void> send_refusal();
    void refused(transport::http::Response response);

    // A plain server.
    [[nodiscard]] asio::awaitable<void> answer(transport::http::Exchange& exchange, transport::http::Head head);
    [[nodiscard]] asio::awaitable<void> answer_whole(transport::http::Exchange& exchange, transport::http::Head head);
    [[nodiscard]] asio::awaitable<void> answer_stream(transport::http::Exchange& exchange, transport::http::Head head);
    [[nodiscard]] asio::awaitable<void> pass_events(transport::http::Exchange& exchange);
    [[nodiscard]] asio::awaitable<bool> pass(std::string bytes, transport::http::Exchange& exchange);
    [[nodiscard]] asio::awaitable<void> end_stream();
    [[nodiscard]] asio::awaitable<void> plain_cut(std::string why);

    // A worker.
    [[nodiscard]] asio::awaitable<void> carry(std::unique_ptr<transport::stream::Link> link);
    [[nodiscard]] asio::awaitable<bool> pass_step(Carrier::Step step);
    [[nodiscard]] asio::awaitable<bool> pass_running(std::string bytes);
    [[nodiscard]] asio::awaitable<void> pass_end(std::string bytes);
    [[nodiscard]] asio::awaitable<void> carried_failure();
    void hopped(const Hop& hop);

    // Callers who come back.
    [[nodiscard]] std::optional<std::uint64_t> first_wanted() const;
    [[nodiscard]] asio::awaitable<bool> is_repeated();
    [[nodiscard]] asio::awaitable<void> carry_again();
    void remember();

    [[nodiscard]] asio::awaitable<bool> begin_stream(unsigned status, transport::http::Fields fields);
    [[nodiscard]] asio::awaitable<void> cut(std::string error);
    [[nodiscard]] asio::awaitable<void> refuse(unsigned status, api::ErrorObject error);
    [[nodiscard]] asio::awaitable<void> unavailable(std::span<const std::size_t> refused);

    [[nodiscard]] transport::http::Fields lam_fields() const;
    [[nodiscard]] transport::http::Fields fields_of(const transport::http::Head& head) const;
    [[nodiscard]] std::string_view server_name() const;
    void see_answer(unsigned status);
    void see_first_event();
    void ended(Ending ending, bool is_server_good);
    void move_to(supervisor::Path* path);
    void leave_server();
    void tell(std::string_view state) const;

    RelayEnvironment environment_;
    const transport::http::Request& request_;
    transport::http::Responder& responder_;
    std::string stream_id_;
    Instant begun_;
    transport::openai::RequestBody body_;
    std::vector<std::string> models_;   // that may answer: the one asked for, and what stands in for it
    Choice choice_;                     // among the servers, when a place was free
    std::string model_;                 // for which it was made
    ServerPointer server_;              // that is being asked
    supervisor::Path* path_ = nullptr;  // of that server
    std::uint64_t attempts_ = 0;
    std::vector<std::string> reasons_;  // why the servers that were tried cannot answer
    std::optional<Refusal> refusal_;    // of the last server that was asked
    bool is_answered_ = false;          // the caller has been told how it ended
    bool has_begun_ = false;            // the caller has a head of a stream
    std::unique_ptr<Carrier> carrier_;
    bool is_resumable_ = false;  // it goes on without its caller
    bool is_resumed_ = false;    // it was begun before
    std::uint64_t first_ = 0;    // the event with which the caller goes on
    std::string whole_;          // an answer that is no stream, as far as it has come
    std::string attempt_id_;     // of the stream at the server that is being asked
    transport::sse::Splitter splitter_;
    transport::openai::StreamWatch watch_{1};
    bool has_first_event_ = false;
    Ending ending_ = Ending::left;
    std::string failure_;  // what the caller was told of an answer that failed
};

}  // namespace lamd::gateway
