// What a probe that an operator asked for has found: `POST /lam/v1/paths/{server}/{transport}/probe`.
#pragma once

#include <string>
#include <vector>

namespace lamd::api {

/// One layer of a path: each stands on those before it.
struct ProbeLayer {
    std::string name;  ///< `transport`, `health`, `models`, `engine`
    bool is_good = false;
    double took_s = 0;
    std::string message;  ///< what was found, where that is more than that it works

    friend bool operator==(const ProbeLayer&, const ProbeLayer&) = default;
};

struct PathProbe {
    std::string server;
    std::string transport;
    std::string address;
    std::string state;               ///< of the path, after the probe
    bool is_good = false;            ///< every layer answered
    std::vector<ProbeLayer> layers;  ///< up to the first that did not answer

    friend bool operator==(const PathProbe&, const PathProbe&) = default;
};

}  // namespace lamd::api
