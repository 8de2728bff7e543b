// `lamctl init`: from nothing to a machine that is ready to be connected. It asks what it has not been told, makes the
// configuration and the key, pins the other machine's host key, and says what remains to be done.
#include "lamctl/commands.h"
#include "lamctl/files.h"
#include "lamctl/program.h"
#include "lamctl/questions.h"
#include "lamctl/setup.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <filesystem>
#include <utility>

namespace lamd::lamctl {
namespace {

constexpr auto kLamd = "lamd";  ///< the user lamd runs as

std::string short_host_name() {
    std::array<char, 256> name{};
    gethostname(name.data(), name.size() - 1);
    std::string text(name.data());
    text.resize(std::min(text.find('.'), text.size()));
    return text.empty() ? "gpu" : text;
}

Outcome<std::uint16_t> port_of(const Outcome<std::string>& text, std::string_view option) {
    if (!text) {
        return text.error();
    }
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), port);
    if (error != std::errc() || end != text->data() + text->size() || port == 0) {
        return Failure{ExitCode::usage, fmt::format("{}: \"{}\" is no port; write 1 to 65535", option, *text)};
    }
    return port;
}

class Initialiser {
public:
    explicit Initialiser(const Context& context)
        : context_(context), options_(context.options.init), questions_(context) {}

    CommandResult run() {
        auto role = questions_.ask("Which machine is this: gpu (has the model) or web (has the backend)?", "gpu or web",
                                   options_.role);
        if (!role) {
            return role.error();
        }
        if (*role != "gpu" && *role != "web") {
            return Failure{ExitCode::usage, fmt::format("\"{}\" is neither gpu nor web", *role)};
        }
        if (auto free = see_that_it_is_free(options_.config); !free && !options_.is_forced) {
            return free.error();
        }
        return *role == "gpu" ? make_gpu() : make_web();
    }

private:
    CommandResult make_gpu() {
        GpuMachine machine;
        const auto directory = std::filesystem::path(options_.config).parent_path();
        machine.identity = directory / "id_ed25519";
        machine.known_hosts = directory / "known_hosts";
        if (auto asked = ask(machine); !asked) {
            return asked.error();
        }
        auto key = make_key(machine);
        if (!key) {
            return key.error();
        }
        auto pinned = pin(machine);
        if (!pinned) {
            return pinned.error();
        }
        if (auto written = write_text(options_.config, make_config(machine), 0644); !written) {
            return written.error();
        }
        auto text =
            fmt::format("wrote {}\n\nOn {}, as root:\n\n  lamctl authorize --user {} --listen 127.0.0.1:{} '{}'\n\n",
                        options_.config, machine.host, machine.user, machine.remote_port, *key);
        text += *pinned;
        text +=
            "Then here:\n\n  sudo systemctl enable --now lamd\n  sudo lamctl wait --for=healthy --timeout=1m && sudo "
            "lamctl status\n";
        return print(context_, text);
    }

    Outcome<void> ask(GpuMachine& machine) {
        auto host = questions_.ask("The web server's name or address", "--host", options_.host);
        if (!host) {
            return host.error();
        }
        machine.host = *host;
        const auto ssh_port =
            port_of(questions_.ask("The port of its SSH server", "--ssh-port", options_.ssh_port, "22"), "--ssh-port");
        if (!ssh_port) {
            return ssh_port.error();
        }
        machine.ssh_port = *ssh_port;
        const std::array<std::pair<std::string*, Outcome<std::string>>, 3> rest{
            {{&machine.user,
              questions_.ask("The account there (lamctl authorize makes it)", "--user", options_.user, machine.user)},
             {&machine.server,
              questions_.ask("Where llama-server listens here", "--server", options_.server, machine.server)},
             {&machine.name,
              questions_.ask("What the web server calls this machine", "--name", options_.name, short_host_name())}}};
        for (const auto& [to, answer] : rest) {
            if (!answer) {
                return answer.error();
            }
            *to = *answer;
        }
        const auto port = port_of(questions_.ask("The port on the web server's loopback where the model is to be",
                                                 "--port", options_.port, "8080"),
                                  "--port");
        if (!port) {
            return port.error();
        }
        machine.remote_port = *port;
        return {};
    }

    /// The public key's line. A key that is there is kept: another tunnel may use it.
    Outcome<std::string> make_key(const GpuMachine& machine) {
        if (!is_there(machine.identity)) {
            auto made = run_program(
                {"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lamd@" + machine.name, "-f", machine.identity});
            if (!made) {
                return made.error();
            }
            for (const auto& file : {machine.identity, machine.identity + ".pub"}) {
                if (auto given = give_to(kLamd, file); !given) {
                    return given.error();
                }
            }
        } else {
            remark(context_, machine.identity + " is there already, and is used");
        }
        auto line = run_program({"ssh-keygen", "-y", "-f", machine.identity});
        if (!line) {
            return line;
        }
        line->erase(line->find_last_not_of(" \n") + 1);
        return line->find("lamd@") == std::string::npos ? *line + " lamd@" + machine.name : *line;
    }

    /// What remains to be done about the host key; empty when it is pinned.
    Outcome<std::string> pin(const GpuMachine& machine) {
        const auto known =
            machine.ssh_port == 22 ? machine.host : fmt::format("[{}]:{}", machine.host, machine.ssh_port);
        if (is_there(machine.known_hosts) && run_program({"ssh-keygen", "-F", known, "-f", machine.known_hosts})) {
            return std::string();
        }
        const auto keys = run_program(
            {"ssh-keyscan", "-T", "10", "-t", "ed25519", "-p", std::to_string(machine.ssh_port), machine.host});
        const auto shown = keys && !keys->empty() ? run_program({"ssh-keygen", "-lf", "-"}, *keys) : keys;
        if (!shown || shown->empty()) {
            return fmt::format(
                "{} could not be asked for its host key now. Later, compare and keep it:\n\n  ssh-keyscan -p {} {} >> "
                "{}\n\n",
                machine.host, machine.ssh_port, machine.host, machine.known_hosts);
        }
        const auto is_right = is_confirmed(machine, *shown);
        if (!is_right) {
            return is_right.error();
        }
        if (!*is_right) {
            return fmt::format(
                "The host key is not pinned yet. {} has now shown\n\n  {}\nIf its console prints the same for "
                "`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub`:\n\n  ssh-keyscan -t ed25519 -p {} {} >> {}\n\n",
                machine.host, *shown, machine.ssh_port, machine.host, machine.known_hosts);
        }
        return keep(machine.known_hosts, *keys);
    }

    Outcome<bool> is_confirmed(const GpuMachine& machine, const std::string& shown) {
        if (options_.host_key) {
            if (shown.find(*options_.host_key) != std::string::npos) {
                return true;
            }
            return Failure{ExitCode::error,
                           fmt::format("{} has another host key than {}: {}", machine.host, *options_.host_key, shown),
                           "make sure that this is the right machine, and nobody between"};
        }
        return questions_.agree(
            fmt::format("\n{} says that its host key is\n\n  {}\nOn its console, "
                        "`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` must print the same. Does it?",
                        machine.host, shown));
    }

    static Outcome<std::string> keep(const std::string& file, const std::string& keys) {
        const auto text = read_if_there(file);
        if (!text) {
            return text.error();
        }
        if (auto written = write_text(file, *text + keys, 0644); !written) {
            return written.error();
        }
        return std::string();
    }

    CommandResult make_web() {
        WebServer machine;
        auto name = questions_.ask("What the GPU machine is called here", "--name", options_.name, machine.name);
        if (!name) {
            return name.error();
        }
        machine.name = *name;
        const auto port =
            port_of(questions_.ask("The port where its tunnel ends", "--port", options_.port, "8080"), "--port");
        if (!port) {
            return port.error();
        }
        machine.port = *port;
        auto group = questions_.ask("The group of the backend, whose members may ask; - for lamd's own", "--group",
                                    options_.group, "-");
        if (!group) {
            return group.error();
        }
        machine.group = *group == "-" ? "" : *group;
        if (auto written = write_text(options_.config, make_config(machine), 0644); !written) {
            return written.error();
        }
        return print(context_,
                     fmt::format("wrote {}\n\nThen:\n\n  sudo systemctl enable --now lamd\n  sudo lamctl status\n\n"
                                 "`lamctl init gpu` on the GPU machine says what lets it in here.\n",
                                 options_.config));
    }

    const Context& context_;
    const InitOptions& options_;
    Questions questions_;
};

}  // namespace

CommandResult initialise(const Context& context) {
    return Initialiser(context).run();
}

}  // namespace lamd::lamctl
