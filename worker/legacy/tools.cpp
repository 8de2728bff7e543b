#include "worker/legacy/tools.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <string_view>

namespace lamd::worker::legacy {

namespace {

using Json = nlohmann::ordered_json;

enum class Shape {
    point,     ///< `[x, y]`
    points,    ///< `[[x, y], …]`
    duration,  ///< milliseconds
    flag,
    zone,  ///< points, and a duration under a key of its own
};

struct Tool {
    std::string_view name;
    std::string_view key;  ///< of the reply
    Shape shape;
};

constexpr std::array<Tool, 13> kTools{{{"break_wall", "break_wall", Shape::point},
                                       {"break_walls", "break_walls", Shape::points},
                                       {"speed_boost", "speed_boost_ms", Shape::duration},
                                       {"speed_boost_ms", "speed_boost_ms", Shape::duration},
                                       {"slow_germs", "slow_germs_ms", Shape::duration},
                                       {"slow_germs_ms", "slow_germs_ms", Shape::duration},
                                       {"freeze_germs", "freeze_germs_ms", Shape::duration},
                                       {"freeze_germs_ms", "freeze_germs_ms", Shape::duration},
                                       {"teleport_player", "teleport_player", Shape::point},
                                       {"spawn_oxygen", "spawn_oxygen", Shape::points},
                                       {"move_exit", "move_exit", Shape::point},
                                       {"highlight_zone", "highlight_zone", Shape::zone},
                                       {"reveal_map", "reveal_map", Shape::flag}}};
constexpr std::string_view kZoneDuration = "highlight_ms";

bool is_pair(const Json& value) {
    return value.is_array() && value.size() == 2 && value[0].is_number() && value[1].is_number();
}

// `{x, y}`, `[x, y]`, or either of them as the value of some argument; null without.
Json find_point(const Json& value) {
    if (is_pair(value)) {
        return value;
    }
    if (!value.is_object()) {
        return {};
    }
    if (value.contains("x") && value.contains("y")) {
        return Json::array({value["x"], value["y"]});
    }
    for (const auto& member : value) {
        if (auto point = find_point(member); !point.is_null()) {
            return point;
        }
    }
    return {};
}

// Of the first argument that is a list of points; a single point is a list of one.
Json find_points(const Json& arguments) {
    for (const auto& member : arguments) {
        if (!member.is_array() || is_pair(member)) {
            continue;
        }
        Json points = Json::array();
        for (const auto& each : member) {
            if (auto point = find_point(each); !point.is_null()) {
                points.push_back(std::move(point));
            }
        }
        return points;
    }
    const auto point = find_point(arguments);
    return point.is_null() ? Json::array() : Json::array({point});
}

Json first_of(const Json& arguments, bool (*fits)(const Json&)) {
    const auto found = std::ranges::find_if(arguments, fits);
    return found == arguments.end() ? Json() : *found;
}

Json find_number(const Json& arguments) {
    return first_of(arguments, [](const Json& value) { return value.is_number(); });
}

// Called without arguments, it is meant.
Json find_flag(const Json& arguments) {
    const auto flag = first_of(arguments, [](const Json& value) { return value.is_boolean(); });
    return flag.is_null() ? Json(true) : flag;
}

Json value_of(Shape shape, const Json& arguments) {
    switch (shape) {
        case Shape::point:
            return find_point(arguments);
        case Shape::points:
        case Shape::zone:
            return find_points(arguments);
        case Shape::duration:
            return find_number(arguments);
        case Shape::flag:
            return find_flag(arguments);
    }
    return {};
}

}  // namespace

void add_tool_call(Json& reply, const std::string& name, const Json& arguments) {
    const auto known = std::ranges::find(kTools, name, &Tool::name);
    if (known == kTools.end() || !arguments.is_object()) {
        reply[name] = arguments;
        return;
    }
    auto value = value_of(known->shape, arguments);
    if (value.is_null()) {
        return;  // a call that says nothing is none
    }
    reply[std::string(known->key)] = std::move(value);
    const auto duration = known->shape == Shape::zone ? find_number(arguments) : Json();
    if (!duration.is_null()) {
        reply[std::string(kZoneDuration)] = duration;
    }
}

}  // namespace lamd::worker::legacy
