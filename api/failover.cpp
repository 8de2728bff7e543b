#include "api/failover.h"

namespace lamd::api {

void Failovers::add(const Failover& failover) {
    path += failover.rung == "path" ? 1 : 0;
    server += failover.rung == "server" ? 1 : 0;
    model += failover.rung == "model" ? 1 : 0;
    continuation += failover.rung == "continuation" ? 1 : 0;
    lost += failover.lost;
    twice += failover.twice;
    last.push_back(failover);
    if (last.size() > kKept) {
        last.erase(last.begin());
    }
}

}  // namespace lamd::api
