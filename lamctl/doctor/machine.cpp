#include "lamctl/doctor/machine.h"

#include "api/codec.h"
#include "base/environment.h"
#include "lamctl/client.h"
#include "lamctl/connect.h"
#include "lamctl/files.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace lamd::lamctl::doctor {
namespace {

std::string from_environment(const char* name, std::string otherwise) {
    const auto value = environment(name);
    return value.empty() ? std::move(otherwise) : std::string(value);
}

void read_configuration(Machine& machine) {
    struct stat status{};
    const bool is_missing = stat(machine.file.c_str(), &status) != 0 && errno == ENOENT;
    if (const auto text = read_text(machine.file); !text && !is_missing) {
        machine.config_unseen = text.error().message;
        return;
    }
    // Nothing else of this environment is lamd's.
    const config::Environment environment{
        {"CREDENTIALS_DIRECTORY", from_environment("CREDENTIALS_DIRECTORY", kCredentials)}};
    auto loaded = config::load_file(machine.file, environment);
    if (loaded) {
        machine.config = std::move(loaded->config);
        machine.warnings = std::move(loaded->warnings);
    } else {
        machine.problems = loaded.error();
    }
}

/// Who listens there; systemd's socket is root's, whoever runs behind it.
std::optional<uid_t> listening_user(const std::string& socket) {
    const auto connection = connect_to(socket);
    ucred peer{};
    socklen_t size = sizeof peer;
    if (!connection || getsockopt(connection->get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
        return std::nullopt;
    }
    return peer.uid;
}

Account find_lamd(const Machine& machine) {
    if (machine.service) {
        return account_named(machine.service->user).value_or(account_of(0));
    }
    return account_of(listening_user(machine.socket).value_or(machine.self.uid));
}

Outcome<api::Status> ask_status(const std::string& socket) {
    Request request;
    request.target = "/lam/v1/status";
    const auto body = fetch(socket, request, kPatience);
    if (!body) {
        return body.error();
    }
    auto status = api::decode<api::Status>(*body);
    if (!status) {
        return Failure{ExitCode::error, "lamd's status cannot be read: " + status.error().message};
    }
    return *std::move(status);
}

}  // namespace

Machine look_at_machine(const Context& context) {
    const auto& options = context.options;
    Machine machine;
    machine.file = options.doctor.config;
    machine.self = current_account();
    machine.caller = machine.self;
    machine.now = context.clock.wall();
    machine.state = from_environment("STATE_DIRECTORY", "/var/lib/lamd");
    machine.service = find_service();
    read_configuration(machine);
    const bool is_named = options.socket != kDefaultSocket;
    machine.socket = is_named || !machine.config ? options.socket : machine.config->socket.path;
    machine.lamd = find_lamd(machine);
    machine.status = ask_status(machine.socket);
    return machine;
}

}  // namespace lamd::lamctl::doctor
