#include "transport/http/client_loop.h"

#include "transport/http/client_library.h"

#include <boost/asio/post.hpp>

#include <new>
#include <utility>

namespace lamd::transport::http {

namespace {

CURLM* make_multi() {
    static const CURLcode initialised = curl().global_init(CURL_GLOBAL_DEFAULT);
    CURLM* const multi = initialised == CURLE_OK ? curl().multi_init() : nullptr;
    if (multi == nullptr) {
        throw std::bad_alloc();
    }
    return multi;
}

CurlUser* user_of(CURL* easy) {
    char* user = nullptr;
    curl().easy_getinfo(easy, CURLINFO_PRIVATE, &user);
    return reinterpret_cast<CurlUser*>(user);
}

}  // namespace

CurlLoop::CurlLoop(asio::any_io_executor executor)
    : executor_(std::move(executor)), timer_(executor_), multi_(make_multi()) {
    curl().multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &CurlLoop::on_socket);
    curl().multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl().multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &CurlLoop::on_timer);
    curl().multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    curl().multi_setopt(multi_, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
}

CurlLoop::~CurlLoop() {
    curl().multi_cleanup(multi_);
    while (!watches_.empty()) {
        unwatch(watches_.begin()->first);
    }
}

bool CurlLoop::add(CURL* easy) {
    is_adding_ = true;
    const bool is_added = curl().multi_add_handle(multi_, easy) == CURLM_OK;
    is_adding_ = false;
    if (std::exchange(is_due_, false)) {
        act(CURL_SOCKET_TIMEOUT, 0);
    }
    return is_added;
}

void CurlLoop::remove(CURL* easy) {
    curl().multi_remove_handle(multi_, easy);
    for (auto& [socket, watch] : watches_) {
        if (watch->easy == easy) {
            watch->easy = nullptr;
        }
    }
}

int CurlLoop::on_socket(CURL* easy, curl_socket_t socket, int what, void* self, void*) {
    auto& loop = *static_cast<CurlLoop*>(self);
    if (what == CURL_POLL_REMOVE) {
        loop.unwatch(socket);
    } else {
        loop.watch(easy, socket, what);
    }
    return 0;
}

int CurlLoop::on_timer(CURLM*, long timeout_ms, void* self) {
    auto& loop = *static_cast<CurlLoop*>(self);
    const auto ring = [weak = loop.weak_from_this()](boost::system::error_code error = {}) {
        if (const auto alive = weak.lock(); alive && !error) {
            alive->act(CURL_SOCKET_TIMEOUT, 0);
        }
    };
    if (timeout_ms < 0) {
        loop.timer_.cancel();
    } else if (timeout_ms == 0) {  // each request begins so, and need not wait for a turn of the loop
        loop.timer_.cancel();
        if (loop.is_adding_) {
            loop.is_due_ = true;
        } else {
            asio::post(loop.executor_, ring);
        }
    } else {
        loop.timer_.expires_after(std::chrono::milliseconds(timeout_ms));
        loop.timer_.async_wait(ring);
    }
    return 0;
}

void CurlLoop::watch(CURL* easy, curl_socket_t socket, int what) {
    auto& entry = watches_[socket];
    if (!entry) {
        entry = std::make_shared<Watch>(executor_, socket);
    }
    entry->easy = easy;
    entry->wants_read = (what & CURL_POLL_IN) != 0;
    entry->wants_write = (what & CURL_POLL_OUT) != 0;
    arm(entry, socket);
}

// The descriptor is released, not closed: the socket is curl's.
void CurlLoop::unwatch(curl_socket_t socket) {
    const auto entry = watches_.find(socket);
    if (entry == watches_.end()) {
        return;
    }
    const auto watch = std::move(entry->second);
    watches_.erase(entry);
    if (watch->easy != nullptr) {
        if (CurlUser* const user = user_of(watch->easy); user != nullptr) {
            user->left_socket(socket);
        }
    }
    watch->descriptor.release();
}

void CurlLoop::arm(const std::shared_ptr<Watch>& watch, curl_socket_t socket) {
    if (watch->wants_read && !std::exchange(watch->is_reading, true)) {
        wait(watch, socket, false);
    }
    if (watch->wants_write && !std::exchange(watch->is_writing, true)) {
        wait(watch, socket, true);
    }
}

void CurlLoop::wait(const std::shared_ptr<Watch>& watch, curl_socket_t socket, bool is_write) {
    const auto type = is_write ? asio::posix::stream_descriptor::wait_write : asio::posix::stream_descriptor::wait_read;
    watch->descriptor.async_wait(type,
                                 [weak = weak_from_this(), watch, socket, is_write](boost::system::error_code error) {
                                     (is_write ? watch->is_writing : watch->is_reading) = false;
                                     const auto alive = weak.lock();
                                     const auto is_current = [&] {
                                         const auto entry = alive->watches_.find(socket);
                                         return entry != alive->watches_.end() && entry->second == watch;
                                     };
                                     if (!alive || error || !is_current()) {
                                         return;
                                     }
                                     if (is_write ? watch->wants_write : watch->wants_read) {
                                         alive->act(socket, is_write ? CURL_CSELECT_OUT : CURL_CSELECT_IN);
                                     }
                                     if (is_current()) {
                                         alive->arm(watch, socket);
                                     }
                                 });
}

void CurlLoop::act(curl_socket_t socket, int what) {
    const auto self = shared_from_this();
    int running = 0;
    curl().multi_socket_action(multi_, socket, what, &running);
    int left = 0;
    while (const CURLMsg* const message = curl().multi_info_read(multi_, &left)) {
        if (message->msg == CURLMSG_DONE) {
            CURL* const easy = message->easy_handle;
            const CURLcode code = message->data.result;
            curl().multi_remove_handle(multi_, easy);
            user_of(easy)->finished(code);
        }
    }
}

}  // namespace lamd::transport::http
