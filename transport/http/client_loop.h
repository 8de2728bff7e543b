// libcurl's multi interface on an Asio loop: curl says which sockets it waits for and until when, Asio waits, curl
// acts. Belongs to client.cpp and client_transfer.cpp only; what a transfer means is theirs.
//
// Shared, because handlers that Asio has already queued hold a weak reference to it.
#pragma once

#include "base/async.h"

#include <curl/curl.h>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <memory>
#include <unordered_map>

namespace lamd::transport::http {

/// One request in the eyes of the loop; the CURLINFO_PRIVATE of its easy handle.
class CurlUser {
public:
    virtual ~CurlUser() = default;

    /// curl has done with it: answered or failed, and be it within add().
    virtual void finished(CURLcode code) = 0;

    /// curl turns away from the socket that carried the request; it is still open.
    virtual void left_socket(curl_socket_t socket) = 0;
};

class CurlLoop : public std::enable_shared_from_this<CurlLoop> {
public:
    explicit CurlLoop(asio::any_io_executor executor);
    ~CurlLoop();
    CurlLoop(const CurlLoop&) = delete;
    CurlLoop& operator=(const CurlLoop&) = delete;

    /// Begins the transfer at once. Not to be called from within a callback of curl.
    [[nodiscard]] bool add(CURL* easy);

    /// Closes the connection if the transfer is not complete. Not to be called from within a callback of curl.
    void remove(CURL* easy);

    [[nodiscard]] const asio::any_io_executor& executor() const {
        return executor_;
    }

private:
    struct Watch {
        Watch(const asio::any_io_executor& executor, curl_socket_t socket) : descriptor(executor, socket) {}

        asio::posix::stream_descriptor descriptor;
        CURL* easy = nullptr;
        bool wants_read = false;
        bool wants_write = false;
        bool is_reading = false;
        bool is_writing = false;
    };

    static int on_socket(CURL* easy, curl_socket_t socket, int what, void* self, void* ignored);
    static int on_timer(CURLM* multi, long timeout_ms, void* self);

    void watch(CURL* easy, curl_socket_t socket, int what);
    void unwatch(curl_socket_t socket);
    void arm(const std::shared_ptr<Watch>& watch, curl_socket_t socket);
    void wait(const std::shared_ptr<Watch>& watch, curl_socket_t socket, bool is_write);
    void act(curl_socket_t socket, int what);

    asio::any_io_executor executor_;
    asio::steady_timer timer_;
    std::unordered_map<curl_socket_t, std::shared_ptr<Watch>> watches_;  // shared with the waits under way
    CURLM* multi_;
    bool is_adding_ = false;
    bool is_due_ = false;  // curl wants to act as soon as it has been added
};

}  // namespace lamd::transport::http
