// lamd's figures in Prometheus' text format (version 0.0.4). A pure function of what was read before.
#pragma once

#include "api/status.h"
#include "daemon/process_facts.h"
#include "gateway/figures.h"
#include "transport/http/server.h"

#include <optional>
#include <string>

namespace lamd::daemon {

struct Figures {
    api::Status status;
    transport::http::ServerCounts http;
    ProcessFacts process;
    std::optional<gateway::Figures> gateway;  ///< absent without servers
};

inline constexpr std::string_view kMetricsType = "text/plain; version=0.0.4; charset=utf-8";

[[nodiscard]] std::string to_prometheus(const Figures& figures);

}  // namespace lamd::daemon
