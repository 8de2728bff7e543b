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
void read_dashboard(Fields& file, std::optional<Dashboard>& dashboard);
void read_tunnels(Fields& file, std::vector<Tunnel>& tunnels);

/// `defaults` are the deadlines of a server that says nothing else.
void read_servers(Fields& file, const Deadlines& defaults, std::vector<Server>& servers);
void read_deadlines(Fields& section, Deadlines& deadlines);

/// As above.
void read_worker(Fields& file, const Deadlines& defaults, std::optional<Worker>& worker);
/// `worker` names the program at the broker where the file does not.
void read_legacy(Fields& worker, const std::string& name, std::optional<Legacy>& legacy);
/// `server` is where what is run must listen.
void read_child(Fields& worker, const std::string& server, std::optional<Child>& child);
void read_mqtt(Fields& file, std::optional<Mqtt>& mqtt);
void read_defaults(Fields& section, RequestDefaults& defaults);
void read_queue(Fields& file, Queue& queue);
void read_models(Fields& file, std::vector<ModelSettings>& models);
void read_sessions(Fields& file, Sessions& sessions);

void read_sampling(Fields& section, RequestDefaults& defaults);

inline constexpr Duration kLongestDeadline = std::chrono::hours(24);

/// Any text, the empty one too.
[[nodiscard]] inline Result<std::string> parse_text(const std::string& text) {
    return text;
}
[[nodiscard]] Result<Mode> parse_mode(const std::string& text);
/// The first level of a legacy topic.
[[nodiscard]] Result<std::string> parse_project(const std::string& text);
[[nodiscard]] Result<std::string> parse_model(const std::string& text);
[[nodiscard]] Result<double> parse_temperature(const std::string& text);
[[nodiscard]] Result<double> parse_top_p(const std::string& text);
[[nodiscard]] Result<std::int64_t> parse_max_tokens(const std::string& text);
[[nodiscard]] Result<std::uint64_t> parse_max_history_tokens(const std::string& text);

}  // namespace lamd::config
