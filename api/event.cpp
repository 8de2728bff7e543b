#include "api/event.h"

namespace lamd::api {
namespace {

struct Kind {
    std::string_view operator()(const Status&) const {
        return "snapshot";
    }
    std::string_view operator()(const TunnelStatus&) const {
        return "tunnel";
    }
    std::string_view operator()(const PathStatus&) const {
        return "path";
    }
    std::string_view operator()(const ServerStatus&) const {
        return "server";
    }
    std::string_view operator()(const ChildStatus&) const {
        return "child";
    }
    std::string_view operator()(const StreamChange&) const {
        return "stream";
    }
    std::string_view operator()(const Failover&) const {
        return "failover";
    }
    std::string_view operator()(const ConfigChange&) const {
        return "config";
    }
    std::string_view operator()(const Verdict&) const {
        return "verdict";
    }
    std::string_view operator()(const UnknownChange& change) const {
        return change.kind;
    }
};

}  // namespace

std::string_view kind(const Change& change) {
    return std::visit(Kind{}, change);
}

}  // namespace lamd::api
