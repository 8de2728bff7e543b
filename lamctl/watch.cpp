// `lamctl status --watch`: the status on a screen of its own, drawn anew with every event. Between events only the ages
// in it advance; lamd is never polled.
#include "api/codec.h"
#include "lamctl/commands.h"
#include "lamctl/feed.h"
#include "lamctl/interrupt.h"
#include "lamctl/render.h"
#include "lamctl/snapshot.h"

#include <fmt/format.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <sstream>

namespace lamd::lamctl {
namespace {

constexpr auto kAgeing = std::chrono::seconds(1);
/// Changes that come together (a tunnel and the verdict on it) are shown together.
constexpr auto kFrame = std::chrono::milliseconds(20);

/// The terminal's second screen, without a cursor; what it showed last stays on the first when it goes.
class Screen {
public:
    explicit Screen(int fd, int interrupt) : fd_(fd), interrupt_(interrupt) {
        static_cast<void>(write_all(fd_, "\x1b[?1049h\x1b[?25l"));
    }
    Screen(const Screen&) = delete;
    Screen& operator=(const Screen&) = delete;
    ~Screen() {
        static_cast<void>(write_all(fd_, "\x1b[?25h\x1b[?1049l" + last_));
    }

    [[nodiscard]] Outcome<void> draw(const std::string& text, std::size_t width) {
        last_ = text;
        std::string frame = "\x1b[H";
        std::size_t rows_left = rows();
        std::istringstream lines(text);
        for (std::string line; std::getline(lines, line);) {
            const std::size_t needed = std::max<std::size_t>(1, (display_width(line) + width - 1) / width);
            if (needed >= rows_left) {
                break;
            }
            rows_left -= needed;
            frame += line + "\x1b[K\r\n";
        }
        return write_all(fd_, frame + "\x1b[J", interrupt_);
    }

private:
    [[nodiscard]] std::size_t rows() const {
        winsize size{};
        return ioctl(fd_, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 ? size.ws_row : 24;
    }

    int fd_;
    int interrupt_;
    std::string last_;
};

class Watch {
public:
    explicit Watch(const Context& context) : context_(context), feed_(context.options.socket) {
        if (context.look.is_terminal && !context.options.is_json) {
            screen_.emplace(context.out, interrupt_.fd());
        }
    }

    CommandResult run() {
        while (true) {
            auto item = feed_.next({interrupt_.fd(), draw_at_, context_.out});
            if (item) {
                if (auto failure = take(*item)) {
                    return *failure;
                }
            } else if (item.error().code != ExitCode::timed_out) {
                return end(item.error());
            }
            if (auto shown = is_due() ? show() : Outcome<void>(); !shown) {
                return end(shown.error());
            }
        }
    }

private:
    /// Ctrl-C is how a watch ends.
    static CommandResult end(const Failure& failure) {
        return failure.code == ExitCode::interrupted ? CommandResult(ExitCode::done) : failure;
    }

    [[nodiscard]] bool is_due() const {
        return draw_at_ && context_.clock.now() >= *draw_at_;
    }

    /// Programs get a line for each change: JSON does not wait for the next one.
    void change() {
        const Instant now = context_.clock.now();
        draw_at_ = std::min(draw_at_.value_or(Instant::max()), context_.options.is_json ? now : now + kFrame);
    }

    std::optional<Failure> take(const Feed::Item& item) {
        if (const auto* received = std::get_if<Feed::Received>(&item)) {
            apply(received->event, status_);
            is_known_ = true;
            notice_.clear();
            change();
        } else if (const auto* lost = std::get_if<Feed::Lost>(&item)) {
            if (!is_known_) {
                return lost->why;
            }
            say(lost->why.message + "; waiting for it to come back");
        } else if (!notice_.empty()) {
            say("connected again");
        }
        return std::nullopt;
    }

    void say(const std::string& notice) {
        notice_ = notice;
        if (screen_) {
            change();
        } else {
            remark(context_, notice);
        }
    }

    Outcome<void> show() {
        draw_at_ = screen_ ? std::optional(context_.clock.now() + kAgeing) : std::nullopt;
        if (context_.options.is_json) {
            return write_all(context_.out, api::encode(status_) + "\n", interrupt_.fd());
        }
        // The terminal may have another width by now.
        const Look look = screen_ ? Look::of(context_.out) : context_.look;
        std::string text = render_status(look, status_, context_.clock.wall());
        if (!screen_) {
            return write_all(context_.out, text + "\n", interrupt_.fd());
        }
        const std::string notice = styled(look, Style::warning, printable(look, notice_));
        return screen_->draw(notice_.empty() ? text : notice + "\n\n" + text, look.width);
    }

    const Context& context_;
    Interrupt interrupt_;
    Feed feed_;
    std::optional<Screen> screen_;
    api::Status status_;
    bool is_known_ = false;
    std::optional<Instant> draw_at_;  ///< nothing has changed: never, or on a screen when the ages have
    std::string notice_;
};

}  // namespace

CommandResult watch_status(const Context& context) {
    return Watch(context).run();
}

}  // namespace lamd::lamctl
