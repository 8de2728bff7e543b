#include "gateway/server_report.h"

namespace lamd::gateway {

api::ServerStatus report(const supervisor::Server& server, config::Mode mode, const Running& running) {
    api::ServerStatus status;
    status.name = server.config().name;
    status.draining_since = server.draining_since();
    status.state = status.draining_since ? "draining" : to_string(server.state(mode));
    status.slots = server.slots();
    status.in_flight = server.in_flight;
    status.waiting = running.waiting_for(server);
    if (const auto& models = server.models()) {
        status.models.reserve(models->size());
        for (const auto& model : *models) {
            status.models.push_back(model.id);
        }
    }
    return status;
}

}  // namespace lamd::gateway
