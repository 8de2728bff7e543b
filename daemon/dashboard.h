// The dashboard: the pages that are compiled in, and who may ask for what over TCP. A browser on this machine carries
// requests of every site that its user visits, so what comes over TCP must come from the dashboard itself.
#pragma once

#include "transport/http/message.h"
#include "transport/http/server.h"

#include <optional>
#include <span>
#include <string_view>

namespace lamd::daemon {

struct Asset {
    std::string_view name;  ///< `index.html`
    std::string_view bytes;
};

/// daemon/dashboard/, put into the program by cmake/embed.cmake.
[[nodiscard]] std::span<const Asset> dashboard_assets();

/// Of `/dashboard` and what is below it. The pages load nothing from elsewhere, and nobody can frame them.
[[nodiscard]] transport::http::Response dashboard_reply(const transport::http::Request& request);

/// What a request over TCP is refused with: its Host is not a name of this machine alone (DNS rebinding), or a page of
/// another site has sent it (RFC 6454; W3C Fetch Metadata). Nothing: it may come in.
[[nodiscard]] std::optional<transport::http::Response> refuse_foreign(const transport::http::Request& request);

}  // namespace lamd::daemon
