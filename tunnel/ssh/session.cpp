#include "tunnel/ssh/session.h"

#include "tunnel/ssh/encoding.h"

#include <fcntl.h>
#include <libssh2.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <set>
#include <stdexcept>
#include <utility>

namespace lamd::tunnel::ssh {

namespace {

constexpr std::size_t kDebugMessagesKept = 64;
constexpr std::size_t kDebugMessageKept = 1024;

using Names = std::vector<std::string>;

// One stream cipher that every sshd offers and that libssh2 runs fastest, before the others. See docs/benchmarks.md.
const Names kCiphers{"aes128-ctr", "aes256-ctr", "aes192-ctr", "aes128-gcm@openssh.com", "aes256-gcm@openssh.com"};
const Names kMacs{"hmac-sha2-256-etm@openssh.com", "hmac-sha2-256", "hmac-sha2-512-etm@openssh.com", "hmac-sha2-512"};

// libssh2 wants a descriptor, sets O_NONBLOCK on it and hands it to the callbacks; nothing is ever read from this one.
class DummyDescriptor {
public:
    DummyDescriptor() : descriptor_(::open("/dev/null", O_RDWR | O_CLOEXEC)) {}
    ~DummyDescriptor() {
        ::close(descriptor_);
    }
    DummyDescriptor(const DummyDescriptor&) = delete;
    DummyDescriptor& operator=(const DummyDescriptor&) = delete;
    [[nodiscard]] int get() const {
        return descriptor_;
    }

private:
    int descriptor_;
};

int dummy_descriptor() {
    static const DummyDescriptor descriptor;
    return descriptor.get();
}

// Errors after which the byte stream itself is lost.
bool is_fatal(int code) {
    constexpr std::array kFatal{LIBSSH2_ERROR_SOCKET_NONE,
                                LIBSSH2_ERROR_BANNER_RECV,
                                LIBSSH2_ERROR_INVALID_MAC,
                                LIBSSH2_ERROR_KEX_FAILURE,
                                LIBSSH2_ERROR_ALLOC,
                                LIBSSH2_ERROR_SOCKET_SEND,
                                LIBSSH2_ERROR_HOSTKEY_INIT,
                                LIBSSH2_ERROR_KEY_EXCHANGE_FAILURE,
                                LIBSSH2_ERROR_HOSTKEY_SIGN,
                                LIBSSH2_ERROR_DECRYPT,
                                LIBSSH2_ERROR_SOCKET_DISCONNECT,
                                LIBSSH2_ERROR_PROTO,
                                LIBSSH2_ERROR_OUT_OF_BOUNDARY,
                                LIBSSH2_ERROR_SOCKET_RECV,
                                LIBSSH2_ERROR_ENCRYPT,
                                LIBSSH2_ERROR_BAD_SOCKET};
    return std::find(kFatal.begin(), kFatal.end(), code) != kFatal.end();
}

// Sets what this libssh2 knows of `wanted`. It would strike out the rest by itself, but 1.10 does so with memcpy() over
// memory that overlaps.
void prefer(LIBSSH2_SESSION* session, int kind, const Names& wanted) {
    const char** known = nullptr;
    const int count = libssh2_session_supported_algs(session, kind, &known);
    if (count <= 0) {
        return;
    }
    const std::set<std::string_view> names(known, known + count);
    libssh2_free(session, static_cast<void*>(known));
    std::string text;
    for (const auto& name : wanted) {
        if (names.contains(name)) {
            text += (text.empty() ? "" : ",") + name;
        }
    }
    libssh2_session_method_pref(session, kind, text.c_str());
}

int run_signer(LIBSSH2_SESSION* session, unsigned char** signature, std::size_t* size, const unsigned char* data,
               std::size_t data_size, void** abstract) {
    auto& sign = *static_cast<Session::Signer*>(*abstract);
    const auto made = sign({reinterpret_cast<const char*>(data), data_size});
    if (!made) {
        return LIBSSH2_ERROR_EAGAIN;
    }
    if (made->empty()) {
        return LIBSSH2_ERROR_AUTHENTICATION_FAILED;
    }
    // libssh2 gives it to its own allocator's free(), which is the C library's.
    static_cast<void>(session);
    *signature = static_cast<unsigned char*>(std::malloc(made->size()));
    if (*signature == nullptr) {
        return LIBSSH2_ERROR_ALLOC;
    }
    std::copy(made->begin(), made->end(), *signature);
    *size = made->size();
    return 0;
}

}  // namespace

// libssh2 knows callbacks by number and by untyped pointer; the session itself travels as the abstract pointer.
struct Session::Callbacks {
    static ssize_t send(libssh2_socket_t, const void* bytes, std::size_t size, int, void** abstract) {
        static_cast<Session*>(*abstract)->output_.append(bytes, size);
        return static_cast<ssize_t>(size);
    }

    static ssize_t receive(libssh2_socket_t, void* bytes, std::size_t size, int, void** abstract) {
        auto& input = static_cast<Session*>(*abstract)->input_;
        if (const auto taken = input.take(static_cast<char*>(bytes), size); taken != 0) {
            return static_cast<ssize_t>(taken);
        }
        return input.is_closed() ? -ECONNRESET : -EAGAIN;
    }

    static void debug(LIBSSH2_SESSION*, int, const char* message, int size, const char*, int, void** abstract) {
        auto& messages = static_cast<Session*>(*abstract)->debug_messages_;
        if (messages.size() < kDebugMessagesKept && size > 0) {
            messages.emplace_back(message, std::min(static_cast<std::size_t>(size), kDebugMessageKept));
        }
    }

    template <class Function>
    static void set(LIBSSH2_SESSION* session, int kind, Function* function) {
#if LIBSSH2_VERSION_NUM >= 0x010b01
        libssh2_session_callback_set2(session, kind, reinterpret_cast<libssh2_cb_generic*>(function));
#else
        libssh2_session_callback_set(session, kind, reinterpret_cast<void*>(function));
#endif
    }
};

std::string library_version() {
    return std::string("libssh2 ") + libssh2_version(0);
}

bool has_rsa_sha2() {
    return libssh2_version(0x010b00) != nullptr;
}

Session::Session(const std::vector<std::string>& host_key_algorithms) {
    static const int initialised = libssh2_init(0);
    if (initialised != 0) {
        throw std::runtime_error("libssh2 cannot be initialised");
    }
    handle_ = libssh2_session_init_ex(nullptr, nullptr, nullptr, this);
    if (handle_ == nullptr) {
        throw std::bad_alloc();
    }
    libssh2_session_set_blocking(handle_, 0);
    Callbacks::set(handle_, LIBSSH2_CALLBACK_SEND, &Callbacks::send);
    Callbacks::set(handle_, LIBSSH2_CALLBACK_RECV, &Callbacks::receive);
    Callbacks::set(handle_, LIBSSH2_CALLBACK_DEBUG, &Callbacks::debug);
    for (const int direction : {LIBSSH2_METHOD_CRYPT_CS, LIBSSH2_METHOD_CRYPT_SC}) {
        prefer(handle_, direction, kCiphers);
    }
    for (const int direction : {LIBSSH2_METHOD_MAC_CS, LIBSSH2_METHOD_MAC_SC}) {
        prefer(handle_, direction, kMacs);
    }
    if (!host_key_algorithms.empty()) {
        prefer(handle_, LIBSSH2_METHOD_HOSTKEY, host_key_algorithms);
    }
}

Session::~Session() {
    // With the input closed libssh2 sees a dead socket and frees what it has without waiting for answers.
    input_.close();
    input_.filled(0);
    accepted_.clear();
    pump();
    bury_again();
    for (int tries = 0; tries < 8 && libssh2_session_free(handle_) == LIBSSH2_ERROR_EAGAIN; ++tries) {
    }
}

void Session::pump() {
    std::size_t left = 0;
    do {  // libssh2 1.11 may answer "would block" with whole packets left: go on while it takes something
        left = input_.size();
        for (const auto& listener : listeners_) {
            while (auto* channel = libssh2_channel_forward_accept(listener->handle_)) {
                accepted_.push_back({listener.get(), std::make_unique<Channel>(*this, channel)});
            }
            note_if_broken(libssh2_session_last_errno(handle_));
        }
    } while (input_.size() != 0 && input_.size() != left && !is_broken());
    bury_again();
}

std::deque<Accepted> Session::take_accepted() {
    return std::exchange(accepted_, {});
}

Failure Session::failure() const {
    return broken_.value_or(Failure{FailureKind::broken, "the connection ended"});
}

Attempt<void> Session::handshake() {
    const int code = libssh2_session_handshake(handle_, dummy_descriptor());
    if (code == 0) {
        return Outcome<void>();
    }
    return fail<void>(code);
}

HostKey Session::host_key() const {
    std::size_t size = 0;
    int type = 0;
    const char* blob = libssh2_session_hostkey(handle_, &size, &type);
    HostKey key;
    if (blob != nullptr) {
        key.blob.assign(blob, size);
        key.algorithm = Reader(key.blob).string();  // the first field of a key (RFC 4253, 6.6)
        key.fingerprint = fingerprint(key.blob);
    }
    return key;
}

std::string Session::server_version() const {
    const char* banner = libssh2_session_banner_get(handle_);
    return banner == nullptr ? "" : banner;
}

std::string Session::methods() const {
    std::string text;
    for (const int kind :
         {LIBSSH2_METHOD_KEX, LIBSSH2_METHOD_HOSTKEY, LIBSSH2_METHOD_CRYPT_CS, LIBSSH2_METHOD_MAC_CS}) {
        const char* name = libssh2_session_methods(handle_, kind);
        text += (text.empty() ? "" : " ") + std::string(name == nullptr ? "none" : name);
    }
    return text;
}

Attempt<void> Session::authenticate(const std::string& user, const std::string& private_key, const Secret& passphrase) {
    const std::string phrase(passphrase.reveal());
    const int code =
        libssh2_userauth_publickey_frommemory(handle_, user.c_str(), user.size(), nullptr, 0, private_key.c_str(),
                                              private_key.size(), phrase.empty() ? nullptr : phrase.c_str());
    if (code == 0) {
        is_key_offered_ = false;
        return Outcome<void>();
    }
    // libssh2's key readers answer all kinds of codes; what failed before anything was sent is the key itself.
    const bool is_key_at_fault = code != LIBSSH2_ERROR_EAGAIN && !is_key_offered_ && !input_.is_closed();
    is_key_offered_ = code == LIBSSH2_ERROR_EAGAIN;
    if (is_key_at_fault) {
        return Outcome<void>(last_failure(FailureKind::key_unfit));
    }
    return fail<void>(code);
}

Attempt<void> Session::authenticate(const std::string& user, const std::string& public_blob, Signer& sign) {
    void* abstract = &sign;
    const int code =
        libssh2_userauth_publickey(handle_, user.c_str(), reinterpret_cast<const unsigned char*>(public_blob.data()),
                                   public_blob.size(), &run_signer, &abstract);
    if (code == 0) {
        return Outcome<void>();
    }
    return fail<void>(code);
}

Attempt<std::string> Session::accepted_methods(const std::string& user) {
    const char* list = libssh2_userauth_list(handle_, user.c_str(), static_cast<unsigned>(user.size()));
    if (list != nullptr) {
        return Outcome<std::string>(std::string(list));
    }
    return fail<std::string>(libssh2_session_last_errno(handle_));
}

Attempt<std::unique_ptr<Channel>> Session::execute(const std::string& command) {
    if (opened_ == nullptr) {
        opened_ = libssh2_channel_open_session(handle_);
        if (opened_ == nullptr) {
            return fail<std::unique_ptr<Channel>>(libssh2_session_last_errno(handle_));
        }
        libssh2_channel_handle_extended_data2(opened_, LIBSSH2_CHANNEL_EXTENDED_DATA_MERGE);
    }
    const int code = libssh2_channel_exec(opened_, command.c_str());
    if (code == LIBSSH2_ERROR_EAGAIN) {
        return std::nullopt;
    }
    auto channel = std::make_unique<Channel>(*this, std::exchange(opened_, nullptr));
    if (code == 0) {
        return Outcome<std::unique_ptr<Channel>>(std::move(channel));
    }
    return fail<std::unique_ptr<Channel>>(code);
}

Attempt<void> Session::probe() {
    auto* channel = libssh2_channel_open_session(handle_);
    if (channel == nullptr) {
        return fail<void>(libssh2_session_last_errno(handle_));
    }
    bury(channel);
    return Outcome<void>();
}

Attempt<std::unique_ptr<Channel>> Session::connect(const std::string& host, int port) {
    auto* channel = libssh2_channel_direct_tcpip_ex(handle_, host.c_str(), port, "127.0.0.1", 0);
    if (channel == nullptr) {
        return fail<std::unique_ptr<Channel>>(libssh2_session_last_errno(handle_));
    }
    return Outcome<std::unique_ptr<Channel>>(std::make_unique<Channel>(*this, channel));
}

Attempt<Listener*> Session::listen(const std::string& host, int port) {
    int bound = 0;
    auto* listener = libssh2_channel_forward_listen_ex(handle_, host.c_str(), port, &bound, 0);
    if (listener == nullptr) {
        return fail<Listener*>(libssh2_session_last_errno(handle_));
    }
    listeners_.push_back(std::make_unique<Listener>(listener, bound == 0 ? port : bound));
    return Outcome<Listener*>(listeners_.back().get());
}

void Session::disconnect(const std::string& why) {
    if (!is_broken()) {
        libssh2_session_disconnect(handle_, why.c_str());
    }
}

std::vector<std::string> Session::take_debug_messages() {
    return std::exchange(debug_messages_, {});
}

Failure Session::last_failure(FailureKind kind) const {
    char* message = nullptr;
    libssh2_session_last_error(handle_, &message, nullptr, 0);
    return {kind, message == nullptr || *message == '\0' ? "no reason given" : message};
}

template <class T>
Attempt<T> Session::fail(int code) {
    switch (code) {
        case LIBSSH2_ERROR_EAGAIN:
            return std::nullopt;
        case LIBSSH2_ERROR_FILE:
        case LIBSSH2_ERROR_METHOD_NONE:
        case LIBSSH2_ERROR_KEYFILE_AUTH_FAILED:
        case LIBSSH2_ERROR_METHOD_NOT_SUPPORTED:
            return Outcome<T>(last_failure(FailureKind::key_unfit));
        case LIBSSH2_ERROR_KEX_FAILURE:
        case LIBSSH2_ERROR_KEY_EXCHANGE_FAILURE:
            note_if_broken(code);
            return Outcome<T>(last_failure(input_.is_closed() ? FailureKind::broken : FailureKind::no_methods));
        case LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED:
            // A signature that is refused, and also what libssh2 says when the connection ends before the answer.
            if (input_.is_closed()) {
                note_if_broken(LIBSSH2_ERROR_SOCKET_DISCONNECT);
                return Outcome<T>(*broken_);
            }
            return Outcome<T>(last_failure(FailureKind::refused));
        default:
            note_if_broken(code);
            return Outcome<T>(last_failure(is_fatal(code) ? FailureKind::broken : FailureKind::refused));
    }
}

void Session::note_if_broken(int code) {
    if (!broken_ && is_fatal(code)) {
        broken_ = input_.is_closed() ? Failure{FailureKind::broken, "the server closed the connection"}
                                     : last_failure(FailureKind::broken);
    }
}

void Session::bury(LIBSSH2_CHANNEL* handle) {
    if (libssh2_channel_free(handle) == LIBSSH2_ERROR_EAGAIN) {
        closing_.push_back(handle);  // until the peer's CLOSE arrives
    }
}

void Session::bury_again() {
    std::erase_if(closing_, [](auto* handle) { return libssh2_channel_free(handle) != LIBSSH2_ERROR_EAGAIN; });
}

}  // namespace lamd::tunnel::ssh
