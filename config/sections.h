// The sections of the configuration, each read in a file of its own. Each fills in what the file says and reports what
// is wrong with it; `config` holds the defaults before.
#pragma once

#include "config/config.h"
#include "config/fields.h"

#include <optional>
#include <vector>

namespace lamd::config {

void read_log(Fields& file, Log& log);
void read_socket(Fields& file, Socket& socket);
void read_tunnels(Fields& file, std::vector<Tunnel>& tunnels);

/// `defaults` are the deadlines of a server that says nothing else.
void read_servers(Fields& file, const Deadlines& defaults, std::vector<Server>& servers);
void read_deadlines(Fields& section, Deadlines& deadlines);

/// As above.
void read_worker(Fields& file, const Deadlines& defaults, std::optional<Worker>& worker);
void read_mqtt(Fields& file, std::optional<Mqtt>& mqtt);
void read_defaults(Fields& file, RequestDefaults& defaults);
void read_queue(Fields& file, Queue& queue);
void read_models(Fields& file, std::vector<ModelFallback>& models);

inline constexpr Duration kLongestDeadline = std::chrono::hours(24);

[[nodiscard]] Result<Mode> parse_mode(const std::string& text);
[[nodiscard]] Result<double> parse_temperature(const std::string& text);
[[nodiscard]] Result<double> parse_top_p(const std::string& text);
[[nodiscard]] Result<std::int64_t> parse_max_tokens(const std::string& text);

}  // namespace lamd::config
