#include "lamctl/setup.h"

#include "lamctl/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

namespace lamd::lamctl {
namespace {

constexpr std::string_view kHead =
    "# Made by `lamctl init`. All keys are in lamd.yaml(5); `lamd --check-config FILE` tells every mistake.\n\n";

std::vector<std::string_view> words_of(std::string_view text) {
    std::vector<std::string_view> words;
    for (auto begin = text.find_first_not_of(kSpace); begin != std::string_view::npos;) {
        const auto end = std::min(text.find_first_of(kSpace, begin), text.size());
        words.push_back(text.substr(begin, end - begin));
        begin = text.find_first_not_of(kSpace, end);
    }
    return words;
}

/// The types of which a public key file may be (RFC 4253, 5656, 8709); FIDO keys need somebody to touch them.
bool is_type(std::string_view word) {
    constexpr std::array<std::string_view, 5> kTypes{"ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384",
                                                     "ecdsa-sha2-nistp521", "ssh-rsa"};
    return std::ranges::find(kTypes, word) != kTypes.end();
}

bool is_base64(std::string_view word) {
    return word.starts_with("AAAA") && std::ranges::all_of(word, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
                      c == '/' || c == '=';
           });
}

// As lamd.yaml has names, but shorter: with a tunnel's it makes the name of a file.
bool is_name(std::string_view word) {
    constexpr std::string_view kOthers = "-_.";
    return !word.empty() && word.size() <= 32 && kOthers.find(word.front()) == std::string_view::npos &&
           std::ranges::all_of(word, [kOthers](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || kOthers.find(c) != std::string_view::npos;
           });
}

bool is_of_path(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("/-_.+").find(c) != std::string_view::npos;
}

/// The base64 part of a line, with options in front or without.
std::optional<std::string_view> blob_of(std::string_view line) {
    const auto words = words_of(line);
    const auto type = std::ranges::find_if(words, is_type);
    return type == words.end() || type + 1 == words.end() || !is_base64(*(type + 1)) ? std::nullopt
                                                                                     : std::optional(*(type + 1));
}

}  // namespace

std::string make_config(const GpuMachine& machine) {
    return fmt::format(
        "{}"
        "# Stands in front of the model's server and keeps what it answers, so that no answer is lost with the "
        "tunnel.\n"
        "worker:\n"
        "  name: {}\n"
        "  server: {}\n"
        "\n"
        "tunnels:\n"
        "  web:\n"
        "    host: {}\n"
        "    port: {}\n"
        "    user: {}\n"
        "    identity: {}\n"
        "    known_hosts: {}\n"
        "    forwards:\n"
        "      - remote: 127.0.0.1:{}    # on the web server\n"
        "        target: worker\n",
        kHead, in_yaml(machine.name), in_yaml(machine.server), in_yaml(machine.host), machine.ssh_port,
        in_yaml(machine.user), in_yaml(machine.identity), in_yaml(machine.known_hosts), machine.remote_port);
}

std::string make_config(const WebServer& machine) {
    auto text = fmt::format(
        "{}"
        "servers:\n"
        "  {}:\n"
        "    sse: http://127.0.0.1:{}    # where the tunnel of the GPU machine ends\n",
        kHead, in_yaml(machine.name), machine.port);
    if (!machine.group.empty()) {
        text +=
            fmt::format("\nsocket:\n  group: {}    # whose members may ask: the backend's\n", in_yaml(machine.group));
    }
    return text;
}

Outcome<std::string> guard_command(std::string_view lamctl, std::string_view name) {
    if (!is_name(name)) {
        return Failure{ExitCode::usage, fmt::format("--name: \"{}\" is no name; use a-z, 0-9, - _ and .", name)};
    }
    if (!std::ranges::all_of(lamctl, is_of_path)) {
        return Failure{ExitCode::error, fmt::format("{} cannot be written into authorized_keys", lamctl),
                       "install lamctl at a path without spaces, or use --no-guard"};
    }
    return fmt::format("{} tunnel-guard --name {}", lamctl, name);
}

std::string key_name(std::string_view public_key) {
    const auto words = words_of(public_key);
    const auto comment = words.size() > 2 ? words[2] : std::string_view();
    const auto name = comment.substr(std::min(comment.rfind('@') + 1, comment.size()));
    return std::string(is_name(name) ? name : "gpu");
}

Outcome<std::string> authorized_line(const std::vector<std::string>& listen, std::string_view public_key,
                                     std::string_view command) {
    auto words = words_of(public_key);
    const bool is_one_line =
        public_key.substr(0, public_key.find_last_not_of("\r\n") + 1).find('\n') == std::string_view::npos;
    if (words.size() < 2 || !is_one_line || !is_type(words[0]) || !is_base64(words[1])) {
        return Failure{ExitCode::usage, "this is no public key; it is one line such as \"ssh-ed25519 AAAA… lamd@gpu\"",
                       "copy the whole line that lamctl init has printed on the GPU machine"};
    }
    std::string line = command.empty() ? std::string() : fmt::format("command=\"{}\",", command);
    line += "restrict,port-forwarding";
    for (const auto& one : listen) {
        line += fmt::format(",permitlisten=\"{}\"", one);
    }
    for (const auto& word : words) {
        line.append(" ").append(word);
    }
    return line;
}

std::string with_line(std::string_view keys, const std::string& line) {
    const auto blob = blob_of(line);
    std::string text;
    bool is_in = false;
    while (!keys.empty()) {
        const auto end = std::min(keys.find('\n'), keys.size());
        const auto old = keys.substr(0, end);
        keys.remove_prefix(std::min(end + 1, keys.size()));
        const bool is_same = !old.starts_with('#') && blob && blob_of(old) == blob;
        if (!is_same) {
            text.append(old).append("\n");
        } else if (!std::exchange(is_in, true)) {
            text.append(line).append("\n");
        }
    }
    return is_in ? text : text.append(line).append("\n");
}

}  // namespace lamd::lamctl
