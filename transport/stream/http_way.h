// HTTP to one address: a worker behind it (its answers say so with `Lam-Worker`), or a plain server.
#pragma once

#include "transport/stream/way.h"

#include <list>
#include <optional>

namespace lamd::transport::stream {

class HttpWay final : public Way {
public:
    /// `base` as in ClientRequest. The client outlives the way.
    HttpWay(http::Client& client, std::string base, Duration connect)
        : client_(client), base_(std::move(base)), connect_(connect) {}

    /// From now on it leads there; to nowhere where `base` is empty, and is known by its `label` then.
    void lead_to(std::string base, std::string label) {
        base_ = std::move(base);
        label_ = std::move(label);
    }

    /// Until something has answered there, a worker is taken to be in front of the server.
    void expect_worker() {
        expects_worker_ = true;
    }

    [[nodiscard]] std::string_view transport() const override {
        return "sse";
    }
    [[nodiscard]] const std::string& address() const override {
        return base_.empty() ? label_ : base_;
    }
    [[nodiscard]] asio::awaitable<http::Outcome<Opened>> open(const Opening& opening) override;
    [[nodiscard]] asio::awaitable<http::Outcome<std::unique_ptr<Link>>> resume(std::string id,
                                                                               std::uint64_t seq) override;
    [[nodiscard]] asio::awaitable<http::Outcome<void>> cancel(std::string id) override;
    [[nodiscard]] asio::awaitable<http::Outcome<http::Response>> post(std::string path, std::string body, Secret bearer,
                                                                      Duration limit) override;
    [[nodiscard]] asio::awaitable<http::Outcome<http::Response>> fetch(std::string path, Secret bearer,
                                                                       Duration limit) override;
    [[nodiscard]] bool has_worker() const override {
        return has_worker_.value_or(expects_worker_);
    }
    void abandon(std::string_view why) override;

private:
    class Tracked;

    [[nodiscard]] std::optional<http::Failure> leads_nowhere() const;
    [[nodiscard]] http::ClientRequest request(std::string method, std::string path) const;
    [[nodiscard]] asio::awaitable<http::Outcome<http::Response>> ask(http::ClientRequest wanted, Secret bearer,
                                                                     Duration limit);
    [[nodiscard]] asio::awaitable<http::Outcome<std::unique_ptr<Link>>> link(std::unique_ptr<Tracked> exchange,
                                                                             http::Head head);

    http::Client& client_;
    std::string base_;
    std::string label_;
    Duration connect_;
    bool expects_worker_ = false;
    std::optional<bool> has_worker_;   ///< the last answer came from one
    std::list<http::Exchange*> live_;  ///< with a worker
};

}  // namespace lamd::transport::stream
