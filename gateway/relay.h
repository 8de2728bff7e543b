// One request on its way: chosen servers are tried in order, the answer is passed on as it comes, and how it ended is
// counted and told. Lives in the coroutine of its request; when that is cancelled because the caller has left, the
// exchange with a plain server goes with it, which closes the connection there; a worker is told to cancel.
//
// relay_place.cpp finds a server with a place for it, relay.cpp tries servers, relay_request.cpp says what they are
// asked, relay_refuse.cpp what the caller is told when none answers, relay_answer.cpp passes the answer of a
// plain server on, relay_stream.cpp that of a worker, relay_continue.cpp has another server go on where one is lost,
// relay_resume.cpp is for callers who come back, relay_learn.cpp remembers what the servers have shown,
// relay_report.cpp says how it is, and ends it from outside.
#pragma once

#include "api/error.h"
#include "api/event.h"
#include "api/failover.h"
#include "api/status.h"
#include "base/async.h"
#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "gateway/carrier.h"
#include "gateway/choice.h"
#include "gateway/cursors.h"
#include "gateway/figures.h"
#include "gateway/interruption.h"
#include "gateway/running.h"
#include "gateway/server_list.h"
#include "supervisor/admission.h"
#include "supervisor/retry_budget.h"
#include "supervisor/server.h"
#include "transport/http/server.h"
#include "transport/openai/continuation.h"
#include "transport/openai/patience.h"
#include "transport/openai/request_body.h"
#include "transport/openai/stream_watch.h"
#include "transport/openai/thinking_remover.h"
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
    api::Failovers failovers;
    Running running;
    std::uint64_t turn = 0;
    std::function<void(api::StreamChange)> on_stream;     // may be empty
    std::function<void(api::Failover)> on_failover = {};  // may be empty
    /// Tells the worker that nobody wants the stream any more, until it has heard it.
    std::function<void(ServerPointer, std::string id)> cancel;
    supervisor::Admission* admission = nullptr;
    supervisor::RetryBudget retries;
    Cursors* cursors = nullptr;
};

struct RelayEnvironment {
    asio::any_io_executor executor;
    const Clock& clock;
    Ledger& ledger;
    const config::RequestDefaults& defaults;
    const config::Mode& mode;
    const std::vector<config::ModelSettings>& models;
    bool may_continue = false;  ///< as config::Config::continuation
    log::Logger& log;
    std::vector<ServerPointer> servers;
    config::RequestDefaults own = {};  ///< of this request: before those of its model
};

class Relay final : public RunningAnswer {
public:
    Relay(RelayEnvironment environment, const transport::http::Request& request, transport::http::Responder& responder);
    ~Relay();
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;

    [[nodiscard]] asio::awaitable<void> run();

    /// Goes on with a stream that was begun before, for a caller who has come back.
    [[nodiscard]] asio::awaitable<void> come_back(Cursor cursor);

    [[nodiscard]] api::StreamStatus report() const override;
    [[nodiscard]] bool waits_for(const supervisor::Server& server) const override;
    void cancel(std::string why) override;

private:
    enum class Ending { left, finished, failed, cancelled };

    /// Why a server gave no answer, as the caller is told if no other one does better.
    struct Refusal {
        transport::http::Response response;
        bool is_final = false;  ///< the caller's own fault, or said by two servers: nobody else is asked
    };

    [[nodiscard]] asio::awaitable<void> live(asio::awaitable<void> work);
    [[nodiscard]] asio::awaitable<void> serve();
    [[nodiscard]] std::vector<std::string> models_for(const std::string& model) const;
    [[nodiscard]] std::vector<Candidate> candidates() const;
    [[nodiscard]] Choice choose_now(std::string_view model) const;
    [[nodiscard]] std::string caller() const;
    [[nodiscard]] Duration until_a_slot() const;
    [[nodiscard]] Duration until_a_probe() const;
    [[nodiscard]] bool take_server();
    [[nodiscard]] bool is_hopeful() const;
    [[nodiscard]] asio::awaitable<bool> is_admitted();
    [[nodiscard]] asio::awaitable<void> try_servers();
    void hold(ServerPointer server);
    [[nodiscard]] bool may_retry();
    [[nodiscard]] asio::awaitable<bool> try_server();
    [[nodiscard]] transport::stream::Opening opening() const;
    [[nodiscard]] std::string asked_body() const;
    [[nodiscard]] bool asks_progress() const;
    [[nodiscard]] config::RequestDefaults defaults() const;
    [[nodiscard]] Instant due() const;
    void decide_on_thinking();
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
    [[nodiscard]] bool take_events(std::string& bytes);
    [[nodiscard]] asio::awaitable<void> plain_cut(std::string why);

    // A worker.
    [[nodiscard]] asio::awaitable<void> carry(std::unique_ptr<transport::stream::Link> link);
    [[nodiscard]] asio::awaitable<bool> pass_step(Carrier::Step step);
    [[nodiscard]] asio::awaitable<bool> pass_running(Carrier::Step step);
    [[nodiscard]] asio::awaitable<bool> pass_events(Carrier::Step step);
    [[nodiscard]] asio::awaitable<bool> ping();
    [[nodiscard]] asio::awaitable<void> pass_last(Carrier::Step step);
    [[nodiscard]] asio::awaitable<void> pass_end(Carrier::Step step);
    void carried_failure();
    [[nodiscard]] bool is_overdue();
    void give_up_waiting();
    void hopped(const Hop& hop);

    // Another server goes on.
    [[nodiscard]] bool keeps_text() const;
    [[nodiscard]] bool is_continuable() const;
    [[nodiscard]] ServerPointer successor();
    [[nodiscard]] asio::awaitable<void> continue_elsewhere();
    void lost(transport::http::Response response, bool is_server_lost);
    [[nodiscard]] std::string seam(const transport::openai::StreamWatch& watch);

    // Callers who come back.
    [[nodiscard]] asio::awaitable<void> resume(Cursor cursor);
    [[nodiscard]] std::optional<std::uint64_t> first_wanted() const;
    [[nodiscard]] asio::awaitable<bool> is_repeated();
    [[nodiscard]] asio::awaitable<void> carry_again();
    void remember();

    [[nodiscard]] asio::awaitable<bool> begin_stream(unsigned status, transport::http::Fields fields,
                                                     transport::http::Responder::Body body);
    [[nodiscard]] asio::awaitable<void> cut(std::string error);
    [[nodiscard]] asio::awaitable<void> refuse(unsigned status, api::ErrorObject error, Duration wait = {});
    [[nodiscard]] std::optional<Duration> shortest_saturation(std::span<const std::size_t> refused) const;
    [[nodiscard]] asio::awaitable<void> unavailable(std::span<const std::size_t> refused);

    [[nodiscard]] transport::http::Fields lam_fields() const;
    [[nodiscard]] transport::http::Fields fields_of(const transport::http::Head& head) const;
    void add_retry_after(unsigned status, transport::http::Fields& fields) const;
    [[nodiscard]] std::string_view server_name() const;
    void see_answer(unsigned status);
    void see_first_content();
    void see_event(std::string_view event);
    void see_events(std::uint64_t count);
    void ended(Ending ending, bool is_server_good);
    void learn_prompt();
    void learn_answer();
    void learn_failure();
    void move_to(supervisor::Path* path);
    void leave_server();
    [[nodiscard]] bool goes_on_alone() const;
    [[nodiscard]] std::string_view ended_as() const;
    void tell(std::string_view state) const;
    void tell_failover(api::Failover failover);
    [[nodiscard]] std::string last_trouble() const;
    void tell_of_another_server(const std::string& before);
    void tell_of_another_model();

    RelayEnvironment environment_;
    const transport::http::Request& request_;
    Interruption responder_;
    std::string stream_id_;
    Instant begun_;
    WallTime begun_at_;
    transport::openai::RequestBody body_;
    std::vector<std::string> models_;    // that may answer: the one asked for, and what stands in for it
    Choice choice_;                      // among the servers, when a place was free
    std::string model_;                  // for which it was made
    std::vector<std::uint64_t> prompt_;  // as a chain, where there is more than one server to choose from
    ServerPointer server_;               // that is being asked
    supervisor::Path* path_ = nullptr;   // of that server
    std::uint64_t attempts_ = 0;
    std::vector<std::string> reasons_;  // why the servers that were tried cannot answer
    std::optional<Refusal> refusal_;    // of the last server that was asked
    bool is_answered_ = false;          // the caller has been told how it ended
    bool has_begun_ = false;            // the caller has a head of a stream
    std::unique_ptr<Carrier> carrier_;
    std::optional<supervisor::Progress::Stream> progress_;  // of a stream that the server has begun

    bool is_resumable_ = false;  // it goes on without its caller
    bool is_resumed_ = false;    // it was begun before
    std::uint64_t first_ = 0;    // the event with which the caller goes on
    Instant last_written_;       // something to the caller, of a stream
    std::string whole_;          // an answer that is no stream, as far as it has come
    std::string attempt_id_;     // of the stream at the server that is being asked
    transport::sse::Splitter splitter_;
    transport::openai::StreamWatch watch_{1};
    Instant asked_;                        // the server
    std::optional<Duration> first_token_;  // that came from it
    transport::openai::Patience patience_{{}, {}};
    transport::openai::EventFilter filter_;
    std::optional<transport::openai::ThinkingRemover> thinking_;  // where it is skipped
    bool has_event_ = false;              // the caller has an event, though there may be nothing of the answer in it
    bool has_content_ = false;            // the caller has something of the answer
    transport::openai::AnswerText text_;  // of it, where another server may go on
    bool is_server_lost_ = false;         // in the middle of the answer
    Instant lost_at_;
    std::string lost_server_;         // from which the one that is being asked takes over
    std::uint64_t events_there_ = 0;  // that the caller had when it was lost
    bool is_seam_told_ = true;
    std::uint64_t events_ = 0;  // that have gone to the caller
    std::optional<Instant> last_event_;
    std::uint64_t failovers_ = 0;
    bool is_remembered_ = false;  // its caller may come back to it
    std::string cancelled_;       // why, in words for its caller
    Ending ending_ = Ending::left;
    std::string failure_;  // what the caller was told of an answer that failed
};

}  // namespace lamd::gateway
