// On the GPU machine: the model's server itself. lamd on the web server sees it through the worker; here it can be
// asked.
#include "api/parse.h"
#include "base/secret_file.h"
#include "lamctl/doctor/ask.h"
#include "lamctl/doctor/check.h"
#include "lamctl/doctor/holder.h"
#include "lamctl/files.h"

#include "config/text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace lamd::lamctl::doctor {
namespace {

constexpr std::uint64_t kLeastContext = 2048;  ///< tokens: a question of a page, and its answer

struct Server {
    std::string base;
    std::string place;
    std::optional<std::string> key_file;
    std::uint64_t wanted = kLeastContext;  ///< tokens for one request
};

std::vector<Server> servers_of(const config::Config& config) {
    std::vector<Server> servers;
    if (config.worker) {
        servers.push_back({config.worker->server, "worker.server", config.worker->api_key_file});
        if (config.worker->legacy) {
            servers.back().wanted = config.worker->legacy->history_tokens;
        }
    }
    return servers;
}

std::vector<ListeningSocket> listening_for(const std::string& base) {
    const auto address = tcp_part(base);
    const auto port = address ? address->number() : std::nullopt;
    return port ? listening_at(*port) : std::vector<ListeningSocket>();
}

std::optional<Holder> listening_process(const std::string& base) {
    for (const auto& listener : listening_for(base)) {
        if (const auto holder = holder_of(listener)) {
            return holder;
        }
    }
    return std::nullopt;
}

/// Started by a unit it is restarted by it; else ended, for whatever started it to start it again.
std::string restarting(const std::optional<Holder>& holder) {
    if (holder && !holder->unit.empty()) {
        return fmt::format("`systemctl restart {}`", holder->unit);
    }
    return holder ? fmt::format("`kill -KILL {}`, and start it again", holder->pid)
                  : "`systemctl restart llama-server`, or what starts it here";
}

Finding silent(const Server& server, const NoAnswer& no_answer) {
    if (no_answer.kind == NoAnswer::Kind::refused || no_answer.kind == NoAnswer::Kind::unreachable) {
        return {.cause = "server_down",
                .place = server.place,
                .message = fmt::format("the model's server does not run at {}", server.base),
                .evidence = no_answer.message,
                .remedy = fmt::format(
                    "`systemctl start llama-server`, or what starts it here; if it listens elsewhere, correct {}; "
                    "`curl -f {}/health` must answer",
                    server.place, server.base)};
    }
    const auto holder = listening_process(server.base);
    return {.cause = "server_wedged",
            .place = server.place,
            .message = fmt::format("the model's server at {} takes connections and does not answer", server.base),
            .evidence = no_answer.message + (holder ? "; " + describe(*holder) + " listens there" : ""),
            .remedy = restarting(holder) + "; its log may say what it hung in"};
}

std::optional<Finding> judge_health(const Server& server, const Answer& answer) {
    if (answer.head.status == 200 || answer.head.status == 404) {  // others than llama-server have no /health
        return std::nullopt;
    }
    if (answer.head.status == 503) {
        return Finding{.cause = "server_loading",
                       .severity = Severity::warning,
                       .place = server.place,
                       .message = "the model's server loads its model",
                       .evidence = fmt::format("GET {}/health: 503 {}", server.base, answer.body.substr(0, 200)),
                       .remedy = fmt::format("wait: `until curl -sf {}/health; do sleep 1; done`", server.base)};
    }
    return Finding{.cause = "server_failing",
                   .place = server.place,
                   .message = fmt::format("the model's server answers {} to GET /health", answer.head.status),
                   .evidence = answer.body.substr(0, 200),
                   .remedy = restarting(listening_process(server.base))};
}

/// The key's, as lamd sends it.
std::string key_of(const Server& server) {
    const auto key = server.key_file ? read_secret("the key", *server.key_file) : Result<Secret>(Secret());
    return key ? std::string(key->reveal()) : std::string();
}

std::optional<Finding> judge_key(const Server& server, const Asked& asked) {
    const auto* answer = std::get_if<Answer>(&asked);
    if (answer == nullptr || (answer->head.status != 401 && answer->head.status != 403)) {
        return std::nullopt;
    }
    const auto file = server.key_file.value_or("/etc/lamd/server.key");
    auto remedy = fmt::format(
        R"(write what llama-server was given as --api-key: `read -rsp 'Key: ' words && printf '%s\n' "$words" > {}`; )",
        config::in_shell(file));
    remedy += server.key_file ? "then `systemctl restart lamd`"
                              : fmt::format("add api_key_file: {} to worker; then `systemctl restart lamd`", file);
    return Finding{.cause = "server_unauthorised",
                   .place = server.place,
                   .message = "the model's server does not take lamd's key",
                   .evidence = fmt::format("GET {}/v1/models: {}", server.base, answer->head.status),
                   .remedy = std::move(remedy)};
}

/// Whatever a server says that is no llama-server, it is read without a fault.
std::optional<std::uint64_t> number_at(const nlohmann::json& json, const char* place) {
    const nlohmann::json::json_pointer pointer(place);
    return json.contains(pointer) ? api::integer<std::uint64_t>(json.at(pointer)) : std::nullopt;
}

std::optional<Finding> judge_context(const Server& server, const Asked& asked) {
    const auto* answer = std::get_if<Answer>(&asked);
    if (answer == nullptr || answer->head.status != 200) {
        return std::nullopt;
    }
    const auto props = api::parse_json<nlohmann::json>(answer->body);
    const auto context = number_at(props, "/default_generation_settings/n_ctx").value_or(0);
    const auto slots = number_at(props, "/total_slots").value_or(1);
    if (context == 0 || context >= server.wanted) {
        return std::nullopt;
    }
    return Finding{
        .cause = "context_small",
        .severity = Severity::warning,
        .place = server.place,
        .message = fmt::format("a request has room for {} tokens at the model's server, and may want {}", context,
                               server.wanted),
        .evidence = fmt::format("GET {}/props: n_ctx {}, total_slots {}", server.base, context, slots),
        .remedy = fmt::format("start it with -c {} (llama-server divides -c by --parallel), or with fewer slots",
                              server.wanted * slots)};
}

/// Anybody who reaches this machine may use a server that listens for all.
std::optional<Finding> judge_listener(const Server& server) {
    for (const auto& listener : listening_for(server.base)) {
        if (!listener.is_loopback()) {
            return Finding{.cause = "server_public",
                           .severity = Severity::warning,
                           .place = server.place,
                           .message = "the model's server listens for every network, not for this machine alone",
                           .evidence = fmt::format("it listens on {} port {}", listener.address, listener.port),
                           .remedy = "start it with --host 127.0.0.1; until then a firewall keeps others out"};
        }
    }
    return std::nullopt;
}

void look_at(const Server& server, Diagnosis& diagnosis) {
    const auto add = [&diagnosis](std::optional<Finding> finding) {
        const bool is_ill = finding.has_value();
        if (is_ill) {
            diagnosis.findings.push_back(*std::move(finding));
        }
        return is_ill;
    };
    const auto health = ask(server.base, "/health");
    if (const auto* no_answer = std::get_if<NoAnswer>(&health)) {
        if (no_answer->kind == NoAnswer::Kind::not_asked) {
            diagnosis.unseen.push_back(no_answer->message);
        } else {
            add(silent(server, *no_answer));
        }
        return;
    }
    if (!add(judge_health(server, std::get<Answer>(health)))) {
        const auto key = key_of(server);
        if (!add(judge_key(server, ask(server.base, "/v1/models", key)))) {
            add(judge_context(server, ask(server.base, "/props", key)));
        }
    }
    add(judge_listener(server));
}

}  // namespace

Diagnosis look_at_servers(const Machine& machine) {
    Diagnosis diagnosis;
    if (machine.config) {
        for (const auto& server : servers_of(*machine.config)) {
            look_at(server, diagnosis);
        }
    }
    return diagnosis;
}

}  // namespace lamd::lamctl::doctor
