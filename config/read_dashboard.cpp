#include "config/addresses.h"
#include "config/sections.h"
#include "config/values.h"

#include <fmt/format.h>

#include <array>

namespace lamd::config {
namespace {

Result<TcpAddress> parse_loopback(const std::string& text) {
    auto address = parse_tcp_address(text);
    if (address && !address->host.starts_with("127.") && address->host != "::1") {
        return Error{fmt::format(
            "{} can be reached by other machines; write an address of this machine alone, such as 127.0.0.1:{}",
            in_quotes(text), address->port)};
    }
    return address;
}

}  // namespace

void read_dashboard(Fields& file, std::optional<Dashboard>& dashboard) {
    const Node* node = file.find("dashboard", Node::Kind::mapping);
    if (node == nullptr) {
        return;
    }
    Fields fields(*node, file.path_of("dashboard"), file.reading());
    auto& to = dashboard.emplace();
    fields.require("listen", "listen: 127.0.0.1:8090, where browsers of this machine find it");
    fields.read("listen", to.listen, parse_loopback);
    fields.read(
        "role", to.role,
        choice_of(std::array<Choice<Role>, 3>{{{"read", Role::read}, {"use", Role::use}, {"admin", Role::admin}}}));
    fields.finish();
}

}  // namespace lamd::config
