// Datagrams to systemd's Unix sockets: NOTIFY_SOCKET and the journal's. The protocols behind them are stable and
// documented for being spoken without libsystemd (sd_notify(3), sd_listen_fds(3), systemd.io/JOURNAL_NATIVE_PROTOCOL),
// which would bring five libraries and a megabyte along for what these few files do.
#pragma once

#include <string_view>

namespace lamd::systemd {

/// To a path, or to a name of the abstract namespace after `@`. Never waits; false when it was not taken.
[[nodiscard]] bool send_datagram(std::string_view address, std::string_view bytes);

}  // namespace lamd::systemd
