// What the load client can do: by name, for its command line.
#pragma once

#include "bench/load/connection.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace lamd::bench::load {

/// The scenario's connections, as many as the settings say. Throws std::invalid_argument on an unknown name.
[[nodiscard]] std::vector<std::unique_ptr<Connection>> make_scenario(std::string_view name, Load& load);

/// A line per scenario, for --help.
[[nodiscard]] std::string describe_scenarios();

/// Streamed chat answers, one after the other, with a short pause between them (chat.cpp).
[[nodiscard]] std::unique_ptr<Connection> make_chat(Load& load, int index);

}  // namespace lamd::bench::load
