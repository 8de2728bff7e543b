#include "config/addresses.h"
#include "config/sections.h"
#include "config/values.h"

#include <fmt/format.h>
#include <array>

namespace lamd::config {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kUserPrefix = "user:";
constexpr std::string_view kGroupPrefix = "group:";

/// The number that a name or a number stands for.
std::optional<std::uint32_t> look_up(const std::string& name,
                                     const std::function<std::optional<std::uint32_t>(const std::string&)>& names) {
    constexpr std::int64_t kNobody = 0xFFFFFFFF;  // (uid_t)-1 means "no change" to chown(2)
    if (const std::optional<std::uint32_t> id = names(name)) {
        return id;
    }
    const Result<std::int64_t> number = parse_integer(name);
    return number && *number >= 0 && *number < kNobody ? std::optional(static_cast<std::uint32_t>(*number))
                                                       : std::nullopt;
}

Result<Principal> parse_principal(const std::string& text, const Accounts& accounts) {
    if (text == "any") {
        return Principal{.kind = Principal::Kind::any, .id = 0, .name = text};
    }
    const bool is_user = text.starts_with(kUserPrefix);
    if (!is_user && !text.starts_with(kGroupPrefix)) {
        return Error{fmt::format("{} is nobody; write any, user:NAME or group:NAME", in_quotes(text))};
    }
    const std::string name = text.substr(is_user ? kUserPrefix.size() : kGroupPrefix.size());
    const std::optional<std::uint32_t> id = look_up(name, is_user ? accounts.user : accounts.group);
    if (!id) {
        return Error{fmt::format("there is no {} {} on this machine; create it or correct the name",
                                 is_user ? "user" : "group", in_quotes(name))};
    }
    return Principal{.kind = is_user ? Principal::Kind::user : Principal::Kind::group, .id = *id, .name = name};
}

Result<std::string> parse_group(const std::string& text, const Accounts& accounts) {
    if (!look_up(text, accounts.group)) {
        return Error{
            fmt::format("there is no group {} on this machine; create it (groupadd --system NAME) or correct "
                        "the name",
                        in_quotes(text))};
    }
    return text;
}

// The account that `lamctl authorize` makes.
std::vector<Principal> accounts_of_tunnels(const Accounts& accounts) {
    const std::string name = "lam";
    const auto id = accounts.user(name);
    return id ? std::vector<Principal>{{.kind = Principal::Kind::user, .id = *id, .name = name}}
              : std::vector<Principal>{};
}

void read_roles(Fields& socket, Roles& roles) {
    const Node* node = socket.find("roles", Node::Kind::mapping);
    if (node == nullptr) {
        return;
    }
    Fields fields(*node, socket.path_of("roles"), socket.reading());
    const auto parse = [&socket](const std::string& text) { return parse_principal(text, socket.reading().accounts); };
    fields.read_list("read", roles.read, parse);
    fields.read_list("use", roles.use, parse);
    fields.read_list("admin", roles.admin, parse);
    fields.read_list("tunnel", roles.tunnel, parse);
    fields.finish();
}

void read_limits(Fields& parent, Socket& socket) {
    const Node* node = parent.find("limits", Node::Kind::mapping);
    if (node == nullptr) {
        return;
    }
    constexpr std::int64_t kMostConnections = 100'000;
    const auto timeout = between<Duration>(100ms, 1h, parse_duration);
    Fields fields(*node, parent.path_of("limits"), parent.reading());
    fields.read("head", socket.head_limit, between(1_KiB, 1_MiB, parse_byte_count));
    fields.read("body", socket.body_limit, between(1_KiB, 1024_MiB, parse_byte_count));
    std::int64_t connections = socket.connections;
    fields.read("connections", connections, between<std::int64_t>(1, kMostConnections, parse_integer));
    socket.connections = static_cast<std::uint32_t>(connections);
    fields.read("head_timeout", socket.head_timeout, timeout);
    fields.read("body_timeout", socket.body_timeout, timeout);
    fields.read("idle_timeout", socket.idle_timeout, timeout);
    fields.finish();
}

}  // namespace

void read_log(Fields& file, Log& log) {
    const Node* node = file.find("log", Node::Kind::mapping);
    if (node == nullptr) {
        return;
    }
    using log::Level;
    Fields fields(*node, file.path_of("log"), file.reading());
    fields.read(
        "level", log.level,
        choice_of(std::array<Choice<Level>, 4>{
            {{"debug", Level::debug}, {"info", Level::info}, {"warning", Level::warning}, {"error", Level::error}}}));
    fields.read("format", log.format,
                choice_of(std::array<Choice<LogFormat>, 4>{{{"auto", LogFormat::automatic},
                                                            {"text", LogFormat::text},
                                                            {"json", LogFormat::json},
                                                            {"journal", LogFormat::journal}}}));
    fields.finish();
}

void read_socket(Fields& file, Socket& socket) {
    socket.roles.tunnel = accounts_of_tunnels(file.reading().accounts);
    const Node* node = file.find("socket", Node::Kind::mapping);
    if (node == nullptr) {
        return;
    }
    Fields fields(*node, file.path_of("socket"), file.reading());
    fields.read("path", socket.path, parse_socket_path);
    fields.read("mode", socket.mode, parse_file_mode);
    fields.read("group", socket.group,
                [&file](const std::string& text) { return parse_group(text, file.reading().accounts); });
    read_roles(fields, socket.roles);
    read_limits(fields, socket);
    fields.finish();
}

}  // namespace lamd::config
