// Tool calls in the form that games on the legacy topics read: one key per call, with points as `[x, y]` and times in
// milliseconds (docs/legacy-mqtt.md). Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace lamd::worker::legacy {

/// Puts the call into `reply`. Of a tool that games do not know by name, its arguments as they are.
void add_tool_call(nlohmann::ordered_json& reply, const std::string& name, const nlohmann::ordered_json& arguments);

}  // namespace lamd::worker::legacy
