#include "daemon/dashboard.h"

#include <gmock/gmock.h>

namespace lamd::daemon {
namespace {

using testing::HasSubstr;
using testing::Not;
using transport::http::Fields;
using transport::http::find;
using transport::http::Request;

Request request(std::string path, Fields fields = {}) {
    Request request;
    request.method = "GET";
    request.path = std::move(path);
    request.fields = std::move(fields);
    return request;
}

TEST(Dashboard, ServesWhatIsCompiledIn) {
    const auto page = dashboard_reply(request("/dashboard/"));
    EXPECT_EQ(page.status, 200U);
    EXPECT_EQ(find(page.fields, "Content-Type"), "text/html; charset=utf-8");
    EXPECT_THAT(page.body, testing::StartsWith("<!doctype html>"));
    EXPECT_EQ(dashboard_reply(request("/dashboard/index.html")).body, page.body);
    EXPECT_EQ(find(dashboard_reply(request("/dashboard/dashboard.js")).fields, "Content-Type"),
              "text/javascript; charset=utf-8");
    EXPECT_EQ(dashboard_reply(request("/dashboard")).status, 308U);
    EXPECT_EQ(dashboard_reply(request("/dashboard/../etc")).status, 404U);
}

TEST(Dashboard, LoadsNothingFromElsewhere) {
    for (const auto& asset : dashboard_assets()) {
        const std::string path = "/dashboard/" + std::string(asset.name);
        const auto reply = dashboard_reply(request(path));
        EXPECT_EQ(reply.body, asset.bytes);
        EXPECT_THAT(std::string(find(reply.fields, "Content-Security-Policy").value_or("")),
                    HasSubstr("default-src 'none'"));
        if (asset.name != "icon.svg" && asset.name != "dom.js") {  // which name SVG by its namespace
            EXPECT_THAT(reply.body, Not(HasSubstr("://"))) << asset.name;
        }
        EXPECT_THAT(reply.body, Not(HasSubstr("innerHTML"))) << asset.name;
    }
}

TEST(Dashboard, IsSentOnce) {
    const auto page = dashboard_reply(request("/dashboard/"));
    const Fields again{{"If-None-Match", std::string(find(page.fields, "ETag").value_or(""))}};
    const auto second = dashboard_reply(request("/dashboard/", again));
    EXPECT_EQ(second.status, 304U);
    EXPECT_EQ(second.body, "");
}

unsigned refused(Fields fields) {
    const auto reply = refuse_foreign(request("/lam/v1/status", std::move(fields)));
    return reply ? reply->status : 0;
}

TEST(Dashboard, KnowsItsOwnPages) {
    EXPECT_EQ(refused({{"Host", "127.0.0.1:8090"}}), 0U);
    EXPECT_EQ(refused({{"Host", "localhost:8090"}, {"Sec-Fetch-Site", "none"}}), 0U);
    EXPECT_EQ(refused({{"Host", "[::1]:8090"}, {"Sec-Fetch-Site", "same-origin"}, {"Origin", "http://[::1]:8090"}}),
              0U);
    EXPECT_EQ(refused({{"Host", "127.0.0.1"}}), 0U);
}

TEST(Dashboard, RefusesPagesOfOtherSites) {
    EXPECT_EQ(refused({}), 421U);
    EXPECT_EQ(refused({{"Host", "attacker.example.org:8090"}}), 421U);
    EXPECT_EQ(refused({{"Host", "localhost.example.org:8090"}}), 421U);
    EXPECT_EQ(refused({{"Host", "127.example.org:8090"}}), 421U);
    EXPECT_EQ(refused({{"Host", "localhost:8090"}, {"Sec-Fetch-Site", "cross-site"}}), 403U);
    EXPECT_EQ(refused({{"Host", "localhost:8090"}, {"Sec-Fetch-Site", "same-site"}}), 403U);
    EXPECT_EQ(refused({{"Host", "localhost:8090"}, {"Origin", "http://localhost:3000"}}), 403U);
    EXPECT_EQ(refused({{"Host", "localhost:8090"}, {"Origin", "null"}}), 403U);
}

}  // namespace
}  // namespace lamd::daemon
