#include "supervisor/fate.h"

namespace lamd::supervisor {

std::string_view to_string(Fate fate) {
    switch (fate) {
        case Fate::none:
            return "none";
        case Fate::tunnel_down:
            return "tunnel_down";
        case Fate::broker_down:
            return "broker_down";
        case Fate::worker_down:
            return "worker_down";
        case Fate::server_down:
            return "server_down";
        case Fate::unreachable:
            return "unreachable";
        case Fate::unresponsive:
            return "unresponsive";
        case Fate::wedged:
            return "wedged";
        case Fate::failing:
            return "failing";
        case Fate::loading:
            return "loading";
        case Fate::saturated:
            return "saturated";
        case Fate::misconfigured:
            return "misconfigured";
    }
    return "none";
}

}  // namespace lamd::supervisor
