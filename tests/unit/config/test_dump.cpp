#include "config/dump.h"

#include "tests/unit/config/full_config.h"
#include "tests/unit/config/support.h"

#include <gtest/gtest.h>

namespace lamd::config {
namespace {

using test::config_of;
using testing::HasSubstr;

TEST(Dump, IsReadBackAsTheSame) {
    const Config config = test::full_config();
    EXPECT_EQ(config_of(to_yaml(config)), config) << to_yaml(config);
}

TEST(Dump, IsReadBackAsTheSameWhereAllIsDefault) {
    const Config server = config_of("servers: {g: {sse: http://h}}\n");
    EXPECT_EQ(config_of(to_yaml(server)), server) << to_yaml(server);
    const Config tunnel =
        config_of("tunnels: {b: {host: b, user: u, identity: /i, forwards: [{remote: 1, target: 2}]}}\n");
    EXPECT_EQ(config_of(to_yaml(tunnel)), tunnel) << to_yaml(tunnel);
}

TEST(Dump, IsReadBackAsTheSameWithSomeDefaultsOfRequests) {
    Config config = config_of("servers: {g: {sse: http://h}}\n");
    config.defaults.top_p = 0.0;
    EXPECT_EQ(config_of(to_yaml(config)), config);
}

TEST(Dump, SaysEveryDefault) {
    const std::string yaml = to_yaml(config_of("servers: {g: {sse: http://h}}\n"));
    for (const char* line : {"level: info",       "format: auto",       "path: \"/run/lamd/lamd.sock\"",
                             "mode: \"0660\"",    "use: [any]",         "head: 16KiB",
                             "body: 32MiB",       "connections: 4096",  "head_timeout: 10s",
                             "body_timeout: 30s", "idle_timeout: 75s",  "tunnels: {}",
                             "defaults: {}",      "probe_interval: 2s", "connect: 5s",
                             "first: 5min",       "between: 2min",      "total: 0s",
                             "mode: auto",        "stop_timeout: 30s"}) {
        EXPECT_THAT(yaml, HasSubstr(line));
    }
}

}  // namespace
}  // namespace lamd::config
