#include "supervisor/mode.h"

#include <algorithm>
#include <tuple>

namespace lamd::supervisor {

bool allows(config::Mode mode, std::string_view transport) {
    switch (mode) {
        case config::Mode::automatic:
            return true;
        case config::Mode::sse:
            return transport == "sse";
        case config::Mode::mqtt:
            return transport == "mqtt";
    }
    return true;
}

std::vector<std::size_t> preference(config::Mode mode, const std::vector<PathView>& paths) {
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < paths.size(); ++i) {
        if (allows(mode, paths[i].transport) && is_usable(paths[i].state)) {
            order.push_back(i);
        }
    }
    std::ranges::sort(order, {}, [&](std::size_t i) {
        const auto& path = paths[i];
        return std::tuple(rank(path.state), path.is_held, path.transport != "sse", i);
    });
    return order;
}

int rank(PathState state) {
    switch (state) {
        case PathState::up:
            return 0;
        case PathState::degraded:
            return 1;
        case PathState::probing:
            return 2;
        case PathState::unknown:
            return 3;
        case PathState::misconfigured:
            return 4;
        case PathState::saturated:
        case PathState::loading:
        case PathState::down:
            return 5;
    }
    return 5;
}

}  // namespace lamd::supervisor
