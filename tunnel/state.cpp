#include "tunnel/state.h"

namespace lamd::tunnel {

std::string_view to_string(TunnelState state) {
    switch (state) {
        case TunnelState::idle:
            return "idle";
        case TunnelState::resolving:
            return "resolving";
        case TunnelState::connecting:
            return "connecting";
        case TunnelState::handshaking:
            return "handshaking";
        case TunnelState::authenticating:
            return "authenticating";
        case TunnelState::forwarding:
            return "forwarding";
        case TunnelState::up:
            return "up";
        case TunnelState::backing_off:
            return "backing_off";
        case TunnelState::denied:
            return "denied";
        case TunnelState::stopped:
            return "stopped";
    }
    return "";
}

std::string_view to_string(ForwardState state) {
    switch (state) {
        case ForwardState::waiting:
            return "waiting";
        case ForwardState::bound:
            return "bound";
        case ForwardState::refused:
            return "refused";
    }
    return "";
}

}  // namespace lamd::tunnel
