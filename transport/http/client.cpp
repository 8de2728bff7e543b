#include "transport/http/client.h"

#include "transport/http/client_transfer.h"

#include <utility>

namespace lamd::transport::http {

namespace {

class CurlClient final : public Client {
public:
    explicit CurlClient(const asio::any_io_executor& executor) : loop_(std::make_shared<CurlLoop>(executor)) {}

    [[nodiscard]] std::unique_ptr<Exchange> start(ClientRequest request) override {
        return std::make_unique<Transfer>(loop_, std::move(request));
    }

private:
    std::shared_ptr<CurlLoop> loop_;  // shared with handlers that are queued in the executor
};

}  // namespace

std::unique_ptr<Client> Client::create(const asio::any_io_executor& executor) {
    return std::make_unique<CurlClient>(executor);
}

asio::awaitable<Outcome<Response>> fetch(Client& client, ClientRequest request, ByteCount limit) {
    const std::string what = request.method + " " + request.base + request.path;
    const auto exchange = client.start(std::move(request));
    auto head = co_await exchange->head();
    if (!head) {
        co_return head.error();
    }
    Response response{head->status, std::move(head->fields), {}};
    for (;;) {
        auto bytes = co_await exchange->read();
        if (!bytes) {
            co_return bytes.error();
        }
        if (!*bytes) {
            co_return response;
        }
        if (response.body.size() + (*bytes)->size() > limit.bytes) {
            co_return Failure{FailureKind::protocol, what + ": the answer is larger than " + to_string(limit)};
        }
        response.body.empty() ? response.body = std::move(**bytes) : response.body += **bytes;
    }
}

}  // namespace lamd::transport::http
