// `lamctl tunnel-guard`: the one command that the key of a GPU machine may run on the web server. sshd runs it in the
// place of whatever the client asks for; what it does is in guard/.
#include "lamctl/commands.h"
#include "lamctl/descriptor.h"
#include "lamctl/guard/claim.h"
#include "lamctl/guard/guard.h"
#include "lamctl/guard/place.h"
#include "lamctl/guard/session.h"

#include "base/environment.h"

#include <fmt/format.h>
#include <syslog.h>
#include <boost/asio/io_context.hpp>

#include <utility>

namespace lamd::lamctl {
namespace {

/// `192.0.2.7 50000 198.51.100.1 22`: the client comes first (ssh(1)).
std::string client_address() {
    const auto words = guard::words_of(environment("SSH_CONNECTION"));
    return words.empty() ? "an unknown address" : words.front();
}

/// Told to the client in the words that it knows, too: its operator cannot see this machine's log.
Failure refuse(const Context& context, const std::string& why, const std::string& remedy = "") {
    static_cast<void>(write_all(context.out, guard::unavailable(why)));
    return Failure{ExitCode::error, why, remedy};
}

asio::awaitable<void> keep(guard::Guard& guard, bool& is_granted) {
    is_granted = co_await guard.run();
}

}  // namespace

CommandResult tunnel_guard(const Context& context) {
    const auto claim = guard::read_claim(environment("SSH_ORIGINAL_COMMAND"));
    if (!claim) {
        return refuse(context, "this key is for the tunnels of lamd, and runs no other command",
                      "`lamctl authorize` on the web server writes the line in which sshd finds this command");
    }
    const auto session = guard::own_session();
    if (!session) {
        return refuse(context, "this command was not started by sshd");
    }
    const auto& name = context.options.guard_name.empty() ? claim->tunnel : context.options.guard_name;
    if (!guard::is_word(name)) {
        return refuse(context, "the name of the key is no name: use at most 64 of a-z, 0-9, - _ and .");
    }
    constexpr std::size_t kLongest = 100;  // of a socket's name, with its suffix
    const auto place_name = name + "." + claim->tunnel;
    if (place_name.size() > kLongest - 5) {
        return refuse(context, "the names of the key and of the tunnel are too long together");
    }
    auto place = guard::Place::open(place_name);
    if (!place) {
        return refuse(context, place.error().message);
    }
    openlog("lamctl", LOG_PID, LOG_DAEMON);
    asio::io_context io(1);
    guard::Guard guard(io.get_executor(),
                       {.name = name,
                        .socket = context.options.socket,
                        .client = client_address(),
                        .in = context.in,
                        .out = context.out},
                       *claim, *session, *std::move(place));
    bool is_granted = false;
    TaskGroup tasks(io.get_executor());
    tasks.spawn(keep(guard, is_granted));
    io.run();
    return is_granted ? ExitCode::done : ExitCode::error;
}

}  // namespace lamd::lamctl
