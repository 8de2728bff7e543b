// `lamctl chat`: one question from the arguments or a pipe, or a conversation on a terminal.
#include "api/chat.h"

#include "lamctl/answer.h"
#include "lamctl/client.h"
#include "lamctl/commands.h"
#include "lamctl/interrupt.h"
#include "lamctl/sse.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace lamd::lamctl {
namespace {

/// Standard input, as far as it was read.
class Input {
public:
    Input(int fd, int interrupt) : fd_(fd), interrupt_(interrupt) {}

    Outcome<std::string> all() {
        while (!is_ended_) {
            if (auto filled = fill(); !filled) {
                return filled.error();
            }
        }
        return std::exchange(buffer_, {});
    }

    /// Without its newline; nullopt at the end.
    Outcome<std::optional<std::string>> line() {
        while (buffer_.find('\n') == std::string::npos && !is_ended_) {
            if (auto filled = fill(); !filled) {
                return filled.error();
            }
        }
        if (buffer_.empty()) {
            return std::nullopt;
        }
        const auto end = std::min(buffer_.find('\n'), buffer_.size());
        std::string line = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        return line;
    }

private:
    Outcome<void> fill() {
        if (auto ready = wait_for(fd_, POLLIN, {interrupt_, std::nullopt}); !ready) {
            return ready;
        }
        std::array<char, 16 << 10> bytes;
        const auto count = read(fd_, bytes.data(), bytes.size());
        is_ended_ = count <= 0;
        buffer_.append(bytes.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
        return {};
    }

    int fd_;
    int interrupt_;
    std::string buffer_;
    bool is_ended_ = false;
};

/// One question and its answer.
class Turn {
public:
    Turn(const Context& context, int interrupt)
        : context_(context), interrupt_(interrupt), text_(context.look), figures_(context.clock.now()) {}

    /// The answer's content; all that came is on standard output, whatever happens then.
    Outcome<std::string> ask(const api::ChatRequest& question) {
        Request request;
        request.method = "POST";
        request.target = "/v1/chat/completions";
        request.body = api::encode(question);
        auto exchange = Exchange::start(context_.options.socket, request, until());
        if (!exchange) {
            return exchange.error();
        }
        if (auto accepted = check_head(**exchange); !accepted) {
            return accepted.error();
        }
        auto outcome = receive(**exchange);
        auto ended = end();
        report((*exchange)->head());
        if (!outcome || !ended) {
            return outcome ? ended.error() : outcome.error();
        }
        return std::move(content_);
    }

private:
    [[nodiscard]] Until until() const {
        return {interrupt_, std::nullopt, context_.out};  // How long an answer may take is lamd's to say.
    }
    Outcome<void> write(const std::string& bytes) const {
        return write_all(context_.out, bytes, interrupt_);
    }

    /// On a terminal also after Ctrl-C, or it would stay dim.
    Outcome<void> end() {
        const std::string text = context_.options.is_json ? "" : text_.end();
        return write_all(context_.out, text, context_.look.is_terminal ? -1 : interrupt_);
    }

    [[nodiscard]] Outcome<void> check_head(Exchange& exchange) const {
        const Head& head = exchange.head();
        if (head.status != 200) {
            const auto body = exchange.read_all(until());
            return failure_of(head, body ? *body : "");
        }
        if (!head.find("Content-Type").starts_with("text/event-stream")) {
            return Failure{ExitCode::error,
                           fmt::format("the answer is no event stream but {}", head.find("Content-Type")),
                           "ask for a server that speaks OpenAI's API: lamctl paths"};
        }
        return {};
    }

    Outcome<void> receive(Exchange& exchange) {
        SseReader reader;
        while (true) {
            auto bytes = exchange.read(until());
            if (!bytes || !*bytes) {
                return bytes ? at_end() : bytes.error();
            }
            reader.feed(**bytes);
            while (auto event = reader.next()) {
                if (auto taken = take(event->data); !taken) {
                    return taken;
                }
            }
        }
    }

    Outcome<void> take(const std::string& data) {
        if (data == "[DONE]") {
            is_complete_ = true;
            return {};
        }
        const auto event = api::decode_chat_event(data);
        if (!event) {
            return Failure{ExitCode::error, "an event of the answer cannot be read: " + event.error().message, ""};
        }
        figures_.add(*event, context_.clock.now());
        content_ += event->content;
        if (!event->finish_reason.empty()) {
            finish_reason_ = event->finish_reason;
        }
        if (auto written = write(context_.options.is_json ? data + "\n" : text_.add(*event)); !written) {
            return written;
        }
        return event->error ? Outcome<void>(Failure{ExitCode::error, *event->error, ""}) : Outcome<void>();
    }

    [[nodiscard]] Outcome<void> at_end() const {
        if (is_complete_ || !finish_reason_.empty()) {
            return {};
        }
        return Failure{ExitCode::error, "the answer ended before it was complete", ""};
    }

    void report(const Head& head) const {
        std::string line = figures_.describe();
        if (line.empty()) {
            return;
        }
        if (const auto server = head.find("Lam-Server"); !server.empty()) {
            line += fmt::format(", {} over {}", server, head.find("Lam-Transport"));
        }
        if (finish_reason_ == "length") {
            line += "; it ended at its token limit";
        }
        line = printable(context_.error_look, line);
        static_cast<void>(write_all(context_.error, styled(context_.error_look, Style::dim, line) + "\n"));
    }

    const Context& context_;
    int interrupt_;
    AnswerText text_;
    Figures figures_;
    std::string content_;
    std::string finish_reason_;
    bool is_complete_ = false;
};

api::ChatRequest first_request(const ChatOptions& options) {
    api::ChatRequest request;
    request.model = options.model;
    request.max_tokens = options.max_tokens;
    request.temperature = options.temperature;
    if (options.system) {
        request.messages.push_back({"system", *options.system});
    }
    return request;
}

/// The words; a lone `-` among them stands for standard input, which is also read when there are no words.
Outcome<std::string> question(const std::vector<std::string>& words, Input& input) {
    if (words.empty()) {
        return input.all();
    }
    std::string text;
    for (const std::string& word : words) {
        auto part = word == "-" ? input.all() : Outcome<std::string>(word);
        if (!part) {
            return part;
        }
        text += (text.empty() ? "" : " ") + *part;
    }
    return text;
}

CommandResult converse(const Context& context, Input& input, int interrupt) {
    api::ChatRequest request = first_request(context.options.chat);
    remark(context, "an empty line or Ctrl-D ends the conversation");
    while (true) {
        static_cast<void>(write_all(context.error, styled(context.error_look, Style::bold, "> ")));
        auto line = input.line();
        if (!line) {
            return line.error();
        }
        if (!*line || (*line)->empty()) {
            return ExitCode::done;
        }
        request.messages.push_back({"user", **line});
        auto answer = Turn(context, interrupt).ask(request);
        if (answer) {
            request.messages.push_back({"assistant", *std::move(answer)});
        } else if (answer.error().message.empty()) {
            return answer.error();  // Ctrl-C, or nobody reads.
        } else {
            remark(context, answer.error().message);
            request.messages.pop_back();
        }
    }
}

}  // namespace

CommandResult chat(const Context& context) {
    const Interrupt interrupt;
    Input input(context.in, interrupt.fd());
    const auto& words = context.options.chat.words;
    if (words.empty() && isatty(context.in) == 1) {
        return converse(context, input, interrupt.fd());
    }
    const auto text = question(words, input);
    if (!text) {
        return text.error();
    }
    if (text->find_first_not_of(" \t\r\n") == std::string::npos) {
        return Failure{ExitCode::usage, "there is nothing to say", "lamctl chat TEXT, or text on standard input"};
    }
    api::ChatRequest request = first_request(context.options.chat);
    request.messages.push_back({"user", *text});
    const auto answer = Turn(context, interrupt.fd()).ask(request);
    return answer ? CommandResult(ExitCode::done) : answer.error();
}

}  // namespace lamd::lamctl
