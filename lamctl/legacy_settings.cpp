#include "lamctl/legacy_settings.h"

#include "lamctl/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>

namespace lamd::lamctl {
namespace {

constexpr std::array<std::string_view, 12> kKnown{
    "LLM_COMM_MODE",    "LLM_SERVER_URL",   "LLM_TIMEOUT",       "LLM_TEMPERATURE",
    "LLM_TOP_P",        "LLM_MAX_TOKENS",   "LLM_SKIP_THINKING", "LLM_MAX_HISTORY_TOKENS",
    "MQTT_BROKER_HOST", "MQTT_BROKER_PORT", "MQTT_USERNAME",     "MQTT_PASSWORD"};

class Importer {
public:
    Importer(const std::vector<Setting>& settings, const Import& import) : settings_(settings), import_(import) {}

    Outcome<Imported> run() {
        to_.yaml =
            fmt::format("# lamd on the web server, made by `lamctl import-env` of {}. All keys are in lamd.yaml(5).\n",
                        import_.source);
        write_server();
        write_brokers();
        write_defaults();
        check_mode();
        remark_on_others();
        if (!problems_.empty()) {
            return Failure{ExitCode::error, problems_, "correct them in " + import_.source};
        }
        return std::move(to_);
    }

private:
    [[nodiscard]] const Setting* find(std::string_view name) const {
        const auto found = std::ranges::find(settings_, name, &Setting::name);
        return found == settings_.end() || found->value.empty() ? nullptr : &*found;
    }

    void problem(const Setting& setting, std::string_view what) {
        problems_ += fmt::format("{}line {}: {} {}", problems_.empty() ? "" : "; ", setting.line, setting.name, what);
    }

    /// The text of a number between two others; nothing where there is none.
    std::optional<std::string> number(std::string_view name, double least, double most, bool is_whole) {
        const auto* setting = find(name);
        if (setting == nullptr) {
            return std::nullopt;
        }
        double value = 0;
        const auto& written = setting->value;
        const auto [end, error] = std::from_chars(written.data(), written.data() + written.size(), value);
        const bool is_number = error == std::errc() && end == written.data() + written.size();
        const bool is_right = is_number && value >= least && value <= most &&
                              (!is_whole || written.find_first_not_of("0123456789") == std::string::npos);
        if (!is_right) {
            problem(*setting,
                    fmt::format("is not {} from {} to {}", is_whole ? "a whole number" : "a number", least, most));
            return std::nullopt;
        }
        return written;
    }

    void write(int depth, std::string_view key, std::string_view value) {
        to_.yaml += fmt::format("{:{}}{}: {}\n", "", depth * 2, key, value);
    }
    void write_if(int depth, std::string_view key, const std::optional<std::string>& value) {
        if (value) {
            write(depth, key, *value);
        }
    }
    void open(int depth, std::string_view key) {
        to_.yaml += fmt::format("{:{}}{}:\n", "", depth * 2, key);
    }

    [[nodiscard]] bool is_by_mqtt() const {
        const auto* mode = find("LLM_COMM_MODE");
        return mode != nullptr && mode->value == "mqtt";
    }

    // "localhost" is ::1 on one machine and 127.0.0.1 on another; a tunnel's port is there on one of them only.
    [[nodiscard]] std::string url() {
        constexpr std::string_view kLocalhost = "//localhost";
        const auto* setting = find("LLM_SERVER_URL");
        std::string url = setting == nullptr ? "http://localhost:8080" : setting->value;
        if (const auto at = url.find(kLocalhost); at != std::string::npos) {
            url.replace(at, kLocalhost.size(), "//127.0.0.1");
        }
        for (const std::string_view end : {"/", "/v1", "/v1/chat/completions", "/"}) {
            if (url.ends_with(end)) {
                url.resize(url.size() - end.size());
            }
        }
        return url;
    }

    void write_server() {
        to_.yaml += '\n';
        open(0, "servers");
        open(1, "gpu");
        if (!is_by_mqtt() || find("LLM_SERVER_URL") != nullptr) {
            write(2, "sse", in_yaml(url()));
        }
        if (is_by_mqtt() || find("MQTT_BROKER_HOST") != nullptr) {
            write_bridge();
        }
        if (const auto timeout = number("LLM_TIMEOUT", 1, 86400, false)) {
            open(2, "deadlines");
            write(3, "first", *timeout + "s");
        }
    }

    void write_bridge() {
        to_.yaml += fmt::format("    bridge: {}  # the topics of the bridge; with a lamd worker there: mqtt: NAME\n",
                                in_yaml(import_.project));
    }

    void write_brokers() {
        const auto* host = find("MQTT_BROKER_HOST");
        if (host == nullptr) {
            if (is_by_mqtt()) {
                problem(*find("LLM_COMM_MODE"), "is mqtt, but there is no MQTT_BROKER_HOST");
            }
            return;
        }
        const auto port = number("MQTT_BROKER_PORT", 1, 65535, true).value_or("1883");
        const bool is_tls = port == "8883";
        to_.yaml += '\n';
        open(0, "mqtt");
        open(1, "brokers");
        to_.yaml += fmt::format("    - url: {}\n",
                                in_yaml(fmt::format("{}://{}:{}", is_tls ? "mqtts" : "mqtt", host->value, port)));
        if (const auto* user = find("MQTT_USERNAME")) {
            write(3, "username", in_yaml(user->value));
        }
        if (const auto* password = find("MQTT_PASSWORD"); password != nullptr && find("MQTT_USERNAME") == nullptr) {
            problem(*password, "has no MQTT_USERNAME that it belongs to");
        } else if (password != nullptr) {
            write(3, "password_file", in_yaml(import_.password_file));
            to_.password = password->value;
        }
        if (!is_tls) {
            to_.remarks.emplace_back(
                "the broker is asked without TLS, as before: password and answers can be read on the way");
        }
    }

    void write_defaults() {
        const auto temperature = number("LLM_TEMPERATURE", 0, 2, false);
        const auto top_p = number("LLM_TOP_P", 0, 1, false);
        const auto max_tokens = number("LLM_MAX_TOKENS", 1, 10'000'000, true);
        const auto skip = boolean("LLM_SKIP_THINKING");
        if (temperature || top_p || max_tokens || skip) {
            to_.yaml += '\n';
            open(0, "defaults");
            write_if(1, "temperature", temperature);
            write_if(1, "top_p", top_p);
            write_if(1, "max_tokens", max_tokens);
            write_if(1, "skip_thinking", skip);
        }
        if (const auto history = number("LLM_MAX_HISTORY_TOKENS", 1, 100'000'000, true)) {
            to_.yaml += '\n';
            open(0, "sessions");
            write(1, "max_history_tokens", *history);
        }
    }

    std::optional<std::string> boolean(std::string_view name) {
        const auto* setting = find(name);
        if (setting == nullptr) {
            return std::nullopt;
        }
        std::string value = setting->value;
        std::ranges::transform(value, value.begin(),
                               [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
        const auto is_one_of = [&value](auto... words) { return ((value == words) || ...); };
        if (is_one_of("true", "1", "yes", "on")) {
            return "true";
        }
        if (is_one_of("false", "0", "no", "off")) {
            return "false";
        }
        problem(*setting, "is neither true nor false");
        return std::nullopt;
    }

    void check_mode() {
        const auto* mode = find("LLM_COMM_MODE");
        if (mode != nullptr && mode->value != "sse" && mode->value != "mqtt" && mode->value != "auto") {
            problem(*mode, "is none of sse, mqtt and auto");
        } else if (mode != nullptr && find("LLM_SERVER_URL") != nullptr && find("MQTT_BROKER_HOST") != nullptr) {
            to_.remarks.push_back(fmt::format(
                "lamd uses both ways, whichever works; `lamctl switch-mode {0}` for {0} only, as LLM_COMM_MODE says",
                mode->value));
        }
    }

    void remark_on_others() {
        for (const auto& setting : settings_) {
            const bool is_ours = setting.name.starts_with("LLM_") || setting.name.starts_with("MQTT_");
            if (is_ours && std::ranges::find(kKnown, setting.name) == kKnown.end()) {
                to_.remarks.push_back(fmt::format("line {}: {} means nothing to lamd", setting.line, setting.name));
            }
        }
        if (!find("LLM_SERVER_URL") && !find("MQTT_BROKER_HOST") && !find("LLM_COMM_MODE")) {
            to_.remarks.emplace_back(
                "there is neither LLM_SERVER_URL nor MQTT_BROKER_HOST: the server is http://127.0.0.1:8080");
        }
    }

    const std::vector<Setting>& settings_;
    const Import& import_;
    Imported to_;
    std::string problems_;
};

}  // namespace

Outcome<Imported> import_settings(const std::vector<Setting>& settings, const Import& import) {
    return Importer(settings, import).run();
}

}  // namespace lamd::lamctl
