#include "config/addresses.h"
#include "config/sections.h"
#include "config/values.h"

#include <fmt/format.h>

#include <unistd.h>

#include <array>

namespace lamd::config {
namespace {

using namespace std::chrono_literals;

void read_journal(Fields& worker, Worker& to) {
    const Node* node = worker.find("journal", Node::Kind::mapping);
    if (node == nullptr) {
        return;
    }
    Fields fields(*node, worker.path_of("journal"), worker.reading());
    fields.read("stream", to.stream_journal, between(64_KiB, ByteCount{1ULL << 30}, parse_byte_count));
    fields.read("total", to.journal, between(1_MiB, ByteCount{64ULL << 30}, parse_byte_count));
    fields.read("keep", to.keep, between<Duration>(1s, 24h, parse_duration));
    fields.finish();
    if (to.journal < to.stream_journal) {
        worker.problem("journal", fmt::format("total ({}) is less than what one stream may have ({}); raise it",
                                              to_string(to.journal), to_string(to.stream_journal)));
    }
}

// This machine's own name, as far as a name of a worker may have its letters.
std::string default_name() {
    std::array<char, 256> name{};
    ::gethostname(name.data(), name.size() - 1);
    return parse_name(name.data()) ? name.data() : "worker";
}

}  // namespace

void read_worker(Fields& file, const Deadlines& defaults, std::optional<Worker>& worker) {
    const Node* node = file.find("worker", Node::Kind::mapping);
    if (node == nullptr) {
        return;
    }
    Fields fields(*node, file.path_of("worker"), file.reading());
    auto& to = worker.emplace();
    to.name = default_name();
    to.deadlines = defaults;
    fields.require("server", "server: http://127.0.0.1:8080, where the model's server listens on this machine");
    fields.read("name", to.name, parse_name);
    fields.read("server", to.server, parse_base_url);
    fields.read("api_key_file", to.api_key_file,
                [&](const std::string& text) { return resolve_path(text, file.reading().environment); });
    fields.read("listen", to.listen, parse_target);
    fields.read("lease", to.lease, between<Duration>(2s, 1h, parse_duration));
    read_journal(fields, to);
    read_deadlines(fields, to.deadlines);
    read_legacy(fields, to.name, to.legacy);
    read_child(fields, to.server, to.run);
    fields.finish();
}

}  // namespace lamd::config
