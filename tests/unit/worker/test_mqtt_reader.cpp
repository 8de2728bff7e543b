// What a gateway gets over the broker from one stream, and when: gathering, credit, beats, and the end of a reader
// whose gateway is gone.
#include "worker/mqtt_reader.h"

#include "tests/support/upstream.h"
#include "tests/unit/worker/support.h"
#include "transport/stream/frame.h"
#include "transport/stream/frame_form.h"

#include <gtest/gtest.h>

#include <memory>

namespace lamd::worker {
namespace {

using namespace std::chrono_literals;
using test::Connection;
using test::kHead;
using test::kId;
using test::kLast;
using test::Upstream;
using transport::stream::Beat;
using transport::stream::Data;
using transport::stream::Message;

std::string event_of(std::size_t size) {
    return R"(data: {"choices":[],"x":")" + std::string(size - 29, 'x') + "\"}\n\n";
}

/// Keeps what is published.
class Broker final : public transport::mqtt::Client {
public:
    struct Frame {
        Instant time;
        std::vector<Message> messages;
    };

    explicit Broker(const Clock& clock) : clock_(clock) {}

    void start() override {}
    asio::awaitable<void> stop() override {
        co_return;
    }
    [[nodiscard]] bool is_up() const override {
        return true;
    }
    Result<void> publish(std::string_view, std::string_view payload, transport::mqtt::PublishOptions) override {
        const auto frame = transport::stream::decode(payload);
        const auto whole = frame ? reassembly_.add(*frame) : std::nullopt;
        if (whole && *whole) {
            frames.push_back({clock_.now(), *transport::stream::decode_payload(frame->type, frame->seq, **whole)});
        }
        return {};
    }
    [[nodiscard]] std::size_t packet_limit() const override {
        return 256 * 1024;
    }
    [[nodiscard]] transport::mqtt::Pending pending() const override {
        return {};
    }
    [[nodiscard]] transport::mqtt::Report report() const override {
        return {};
    }

    template <class Kind>
    [[nodiscard]] std::vector<Kind> all() const {
        std::vector<Kind> found;
        for (const auto& frame : frames) {
            for (const auto& message : frame.messages) {
                if (const auto* wanted = std::get_if<Kind>(&message)) {
                    found.push_back(*wanted);
                }
            }
        }
        return found;
    }
    /// When frames with events went.
    [[nodiscard]] std::vector<Instant> event_times() const {
        std::vector<Instant> times;
        for (const auto& frame : frames) {
            if (std::holds_alternative<Data>(frame.messages.front())) {
                times.push_back(frame.time);
            }
        }
        return times;
    }

    std::vector<Frame> frames;

private:
    const Clock& clock_;
    transport::stream::Reassembly reassembly_{1_MiB};
};

struct MqttReaderTest : testing::Test {
    asio::io_context io;
    SystemClock clock;
    std::unique_ptr<transport::http::Client> client = transport::http::Client::create(io.get_executor());
    Secret key;
    config::Worker settings{.name = "gpu"};
    Shelf shelf{1_MiB};
    Broker broker{clock};
    std::unique_ptr<Upstream> upstream;
    std::shared_ptr<Stream> stream;
    std::unique_ptr<MqttReader> reader;
    std::unique_ptr<TaskGroup> tasks;

    void make(Upstream::Script script, std::uint32_t credit, Duration lease = 30s) {
        upstream = std::make_unique<Upstream>(io, Upstream::Kind::local, std::move(script));
        settings.server = upstream->base();
        stream = std::make_shared<Stream>(
            Stream::Environment{io.get_executor(), clock, *client, settings, key}, shelf, 512_KiB,
            StreamRequest{
                .id = to_string(kId), .path = "/v1/chat/completions", .body = R"({"stream":true})", .lease = lease});
        reader = std::make_unique<MqttReader>(MqttReader::Environment{io.get_executor(), clock, broker, "reply"},
                                              stream, kId, 0, credit);
        tasks = std::make_unique<TaskGroup>(io.get_executor());
        tasks->spawn(stream->run());
        tasks->spawn(reader->run());
    }

    /// A server that sends each text when its time has come and the first one has been published, and ends the answer.
    void serve(std::vector<std::pair<Duration, std::string>> texts, std::uint32_t credit = 256 * 1024,
               Duration lease = 30s) {
        make([this, texts = std::move(texts)](Connection& connection) { return send(connection, texts); }, credit,
             lease);
    }
    asio::awaitable<void> send(Connection& connection, std::vector<std::pair<Duration, std::string>> texts) {
        co_await connection.request();
        co_await connection.send(kHead);
        for (const auto& [pause, text] : texts) {
            co_await sleep_until(std::chrono::steady_clock::now() + pause);
            co_await connection.send_chunk(text);
            while (broker.all<Data>().empty()) {  // so that the first event is a frame of its own
                co_await sleep_until(std::chrono::steady_clock::now() + 1ms);
            }
        }
        co_await connection.send_chunk(kLast);
        co_await connection.send("0\r\n\r\n");
    }

    template <class Condition>
    bool run_until(Condition condition, Duration limit = 10s) {
        const auto end = clock.now() + limit;
        while (!condition() && clock.now() < end) {
            io.run_one_for(50ms);
        }
        return condition();
    }
    bool ends(Duration limit = 10s) {
        return run_until([this] { return tasks->size() == 0; }, limit);
    }

    ~MqttReaderTest() override {
        tasks->cancel();
        ends();
    }
};

TEST_F(MqttReaderTest, SendsBeatsWhileItWaitsForCredit) {
    serve({{0ms, event_of(600)}, {0ms, event_of(600)}}, 500);
    ASSERT_TRUE(run_until([this] { return broker.all<Beat>().size() == 2; }, 5s));
    const auto sent = broker.all<Data>();
    ASSERT_FALSE(sent.empty());
    EXPECT_EQ(broker.all<Beat>().back().next, sent.back().seq + 1) << "a gateway sees by it what has not arrived";
    EXPECT_TRUE(broker.all<transport::stream::End>().empty());

    reader->credit(3, 5000);
    EXPECT_TRUE(ends());
    EXPECT_EQ(broker.all<transport::stream::End>().size(), 1U);
}

TEST_F(MqttReaderTest, StopsWhenNobodyHasGivenCreditForTheLease) {
    serve({{0ms, event_of(600)}, {0ms, event_of(600)}, {0ms, event_of(600)}}, 500, 1500ms);
    EXPECT_TRUE(ends(5s)) << "it waits for a gateway that is gone";
}

TEST_F(MqttReaderTest, StopsWaitingForCreditWhenTheStreamIsCancelled) {
    serve({{0ms, event_of(600)}, {5s, event_of(600)}}, 500);
    ASSERT_TRUE(run_until([this] { return !broker.all<Data>().empty(); }));
    stream->give_up();
    const auto given_up = clock.now();
    EXPECT_TRUE(run_until([this] { return tasks->size() == 1; }, 3s)) << "only the server is still there";
    EXPECT_LT(clock.now() - given_up, 3s);
}

TEST_F(MqttReaderTest, SendsTheFirstContentAtOnceAndGathersWhatFollows) {
    std::vector<std::pair<Duration, std::string>> texts{{0ms, event_of(100)}, {100ms, event_of(100)}};
    for (int i = 0; i < 40; ++i) {
        texts.emplace_back(2ms, event_of(100));
    }
    serve(texts);
    ASSERT_TRUE(ends());
    const auto times = broker.event_times();
    ASSERT_GE(times.size(), 4U);
    EXPECT_LE(times.size(), 2 + (times.back() - times[1]) / 20ms + 1) << "one in each 20 ms, and the last one";
    for (std::size_t i = 2; i + 1 < times.size(); ++i) {
        EXPECT_GE(times[i] - times[i - 1], 19ms);
    }
    EXPECT_EQ(broker.all<Data>().size(), texts.size() + 1);
}

TEST_F(MqttReaderTest, GathersNoMoreThan16KiB) {
    std::vector<std::pair<Duration, std::string>> texts{{0ms, event_of(100)}, {20ms, event_of(100)}};
    for (int i = 0; i < 12; ++i) {
        texts.emplace_back(1ms, event_of(10000));
    }
    serve(texts);
    ASSERT_TRUE(ends());
    EXPECT_EQ(broker.all<Data>().size(), texts.size() + 1);
    std::size_t most = 0;
    for (const auto& frame : broker.frames) {
        most = std::max(most, frame.messages.size());
    }
    EXPECT_LE(most, 3U) << "12 events in as many milliseconds: all in one frame, if only the time counted";
}

}  // namespace
}  // namespace lamd::worker
