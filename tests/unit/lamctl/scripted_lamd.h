// A lamd that says what the test tells it to, on a Unix socket of its own, and lamctl as a process that talks to it.
// The test is the server: it accepts, looks at the request, answers byte by byte if it likes, and then looks at how
// lamctl ended. Every wait gives up after 20 s, so that a mistake is a failure and no hang.
#pragma once

#include "lamctl/descriptor.h"

#include <sys/types.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace lamd::lamctl::test {

/// One connection, after its request was read.
class Call {
public:
    explicit Call(int fd) : connection_(fd) {}

    std::string head;  ///< request line and fields
    std::string body;

    void read_request();
    void send(std::string_view bytes) const;
    void close() {
        connection_ = Descriptor();
    }

    /// A whole answer and the end of the connection.
    void answer(unsigned status, std::string_view text, std::string_view fields = "");
    /// The head of an event stream, and then its bytes as chunks.
    void begin_events(std::string_view fields = "") const;
    void send_chunk(std::string_view bytes) const;
    void end_chunks();
    /// Whether lamctl closed its end.
    [[nodiscard]] bool is_left() const;

private:
    Descriptor connection_;
};

class ScriptedLamd {
public:
    ScriptedLamd();
    ScriptedLamd(const ScriptedLamd&) = delete;
    ScriptedLamd& operator=(const ScriptedLamd&) = delete;
    ~ScriptedLamd();

    [[nodiscard]] const std::string& directory() const {
        return directory_;
    }
    [[nodiscard]] std::string socket() const {
        return directory_ + "/lamd.sock";
    }
    void listen();
    void stop();

    [[nodiscard]] Call accept() const;

private:
    std::string directory_;
    Descriptor listener_;
};

struct Ended {
    int code = -1;
    std::string out;
    std::string error;
};

/// A running lamctl. Its environment is only what the test gives.
class Program {
public:
    struct Setup {
        std::map<std::string, std::string> environment;
        bool has_terminal = false;         ///< a pseudo-terminal of 80 columns as standard output and error
        std::vector<std::string> wrapper;  ///< a program and its options that run lamctl; the first word is its path
    };

    explicit Program(const std::vector<std::string>& words) : Program(words, Setup{}) {}
    Program(const std::vector<std::string>& words, const Setup& setup);
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;
    ~Program();

    void type(std::string_view input) const;
    void end_input() {
        in_ = Descriptor();
    }
    void stop_reading() {
        out_ = Descriptor();
    }
    void signal(int number) const;

    /// Reads until the text has come, on standard output or error.
    [[nodiscard]] bool await_output(std::string_view text);
    [[nodiscard]] bool await_error(std::string_view text);

    /// Everything until its end.
    [[nodiscard]] Ended finish();

private:
    bool pump();
    bool await(const std::string& seen, std::string_view text);

    pid_t process_ = -1;
    Descriptor in_;
    Descriptor out_;
    Descriptor error_;
    Ended ended_;
};

}  // namespace lamd::lamctl::test
