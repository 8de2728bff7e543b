// One SSH client session (RFC 4251 – 4254) as a pure function of bytes in and bytes out: libssh2 with its own SEND and
// RECV callbacks, never a socket. The owner moves the bytes (tunnel/wire.h) and calls the steps below.
//
// A step answers an Attempt: nothing yet (call it again, with the same arguments, once more bytes have arrived), a
// value or a Failure. One step at a time, with two exceptions, since SEND takes everything and a packet is never half
// written: channels may be read and written while a step waits, and listen() may wait beside a step that opens a
// channel, if it is called first. Channels belong to the session and must be gone before it is.
#pragma once

#include "base/secret.h"
#include "tunnel/ssh/buffers.h"
#include "tunnel/ssh/channel.h"
#include "tunnel/ssh/failure.h"

#include <boost/system/result.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

using LIBSSH2_SESSION = struct _LIBSSH2_SESSION;
using LIBSSH2_CHANNEL = struct _LIBSSH2_CHANNEL;
using LIBSSH2_LISTENER = struct _LIBSSH2_LISTENER;

namespace lamd::tunnel::ssh {

/// `libssh2 1.11.1`, as it is loaded.
[[nodiscard]] std::string library_version();

/// Whether it signs with RSA keys by SHA-2 (RFC 8332): from 1.11 on.
[[nodiscard]] bool has_rsa_sha2();

/// The server's public key: its wire form (RFC 4253, 6.6), its algorithm and its fingerprint as ssh-keygen prints it.
struct HostKey {
    std::string blob;
    std::string algorithm;
    std::string fingerprint;
};

class Listener;

/// A connection to a bound port.
struct Accepted {
    Listener* listener = nullptr;
    std::unique_ptr<Channel> channel;
};

class Session {
public:
    /// `host_key_algorithms` in order of preference; empty: libssh2's own order.
    explicit Session(const std::vector<std::string>& host_key_algorithms);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    [[nodiscard]] InputBuffer& input() {
        return input_;
    }
    [[nodiscard]] const InputBuffer& input() const {
        return input_;
    }
    [[nodiscard]] OutputBuffer& output() {
        return output_;
    }

    /// Lets libssh2 work through what has arrived; new connections are put aside for take_accepted().
    void pump();
    [[nodiscard]] std::deque<Accepted> take_accepted();

    /// Nothing useful can be done with it any more; failure() says why.
    [[nodiscard]] bool is_broken() const {
        return broken_.has_value();
    }
    [[nodiscard]] Failure failure() const;

    [[nodiscard]] Attempt<void> handshake();
    [[nodiscard]] HostKey host_key() const;
    /// `SSH-2.0-OpenSSH_9.2p1 …`; empty before the server has sent it.
    [[nodiscard]] std::string server_version() const;
    /// For status and benchmarks: `curve25519-sha256 ssh-ed25519 aes128-ctr hmac-sha2-256`.
    [[nodiscard]] std::string methods() const;

    /// `private_key` is the text of the key file.
    [[nodiscard]] Attempt<void> authenticate(const std::string& user, const std::string& private_key,
                                             const Secret& passphrase);

    /// Asks `sign` for a signature (RFC 4252, 7) over `data` with the key of `public_blob`: nothing yet, the bare
    /// signature, or an empty string for a refusal.
    using Signer = std::function<std::optional<std::string>(std::string_view data)>;
    [[nodiscard]] Attempt<void> authenticate(const std::string& user, const std::string& public_blob, Signer& sign);

    /// What the server would accept, for an error message: `publickey,password`.
    [[nodiscard]] Attempt<std::string> accepted_methods(const std::string& user);

    /// A session channel that runs `command`.
    [[nodiscard]] Attempt<std::unique_ptr<Channel>> execute(const std::string& command);
    /// A session channel opened and given back: proof that the peer lives.
    [[nodiscard]] Attempt<void> probe();
    /// A channel to `host`:`port` as the server sees it (RFC 4254, 7.2).
    [[nodiscard]] Attempt<std::unique_ptr<Channel>> connect(const std::string& host, int port);

    /// Binds `host`:`port` on the server (RFC 4254, 7.1); port 0 lets it choose.
    [[nodiscard]] Attempt<Listener*> listen(const std::string& host, int port);

    /// SSH_MSG_DISCONNECT into the output.
    void disconnect(const std::string& why);

    /// SSH_MSG_DEBUG texts since the last call: sshd's reasons.
    [[nodiscard]] std::vector<std::string> take_debug_messages();

private:
    friend class Channel;
    struct Callbacks;

    [[nodiscard]] Failure last_failure(FailureKind kind) const;
    template <class T>
    [[nodiscard]] Attempt<T> fail(int code);
    void note_if_broken(int code);
    void bury(LIBSSH2_CHANNEL* handle);
    void bury_again();

    InputBuffer input_;
    OutputBuffer output_;
    LIBSSH2_SESSION* handle_ = nullptr;
    std::optional<Failure> broken_;
    std::vector<std::unique_ptr<Listener>> listeners_;
    std::deque<Accepted> accepted_;
    std::vector<LIBSSH2_CHANNEL*> closing_;
    std::vector<std::string> debug_messages_;
    bool is_key_offered_ = false;        ///< authenticate() waits for the server's word on a key
    LIBSSH2_CHANNEL* opened_ = nullptr;  ///< execute() between its two requests
};

/// A port that the server has bound for us; lives as long as its session.
class Listener {
public:
    Listener(LIBSSH2_LISTENER* handle, int port) : handle_(handle), port_(port) {}

    [[nodiscard]] int port() const {
        return port_;
    }

private:
    friend class Session;
    LIBSSH2_LISTENER* handle_;
    int port_;
};

}  // namespace lamd::tunnel::ssh
