// Any bytes as a configuration: they load or are refused with problems that have a place and a message, and what loads
// survives being written and loaded again.
#include "config/dump.h"
#include "config/load.h"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {

using namespace lamd::config;

void require(bool condition, const char* what) {
    if (!condition) {
        std::fprintf(stderr, "%s\n", what);
        std::abort();
    }
}

/// Every name is somebody, so that names do not stop the fuzzer; nothing of this machine is asked.
Accounts everybody() {
    const auto anyone = [](const std::string& name) { return std::optional(static_cast<std::uint32_t>(name.size())); };
    return {.user = anyone, .group = anyone};
}

void check_problems(const Problems& problems) {
    require(!problems.empty(), "refused without a reason");
    for (const Problem& problem : problems) {
        require(problem.line > 0 && problem.column > 0, "a problem without a place");
        require(!problem.message.empty(), "a problem without a message");
        require(problem.message.find('\n') == std::string::npos, "a message of several lines");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const Accounts accounts = everybody();
    static const Environment environment{{"CREDENTIALS_DIRECTORY", "/run/credentials/lamd.service"},
                                         {"SSH_AUTH_SOCK", "/run/user/1000/ssh-agent.sock"}};
    const LoadResult loaded =
        load_text(std::string_view(reinterpret_cast<const char*>(data), size), environment, accounts);
    if (!loaded) {
        check_problems(loaded.error());
        return 0;
    }
    const LoadResult again = load_text(to_yaml(loaded->config), {}, accounts);
    require(again.has_value(), "what was written does not load");
    require(again->config == loaded->config, "what was written loads as something else");
    return 0;
}
