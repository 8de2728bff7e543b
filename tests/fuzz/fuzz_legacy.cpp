// What existing deployments publish: topics, and payloads of any client. Invariants: every payload is some message, and
// one that is written is read as the same; an answer goes to no other project's topic, and to none that MQTT forbids.
#include "tests/fuzz/fuzz.h"
#include "transport/legacy/bridge_request.h"
#include "transport/legacy/payloads.h"
#include "transport/legacy/topics.h"
#include "worker/legacy/answer.h"

#include <cstdint>
#include <string>

namespace {

using namespace lamd::transport::legacy;
using lamd::fuzz::Input;
using lamd::fuzz::require;

void check_topic(std::string_view text) {
    if (const auto address = parse_topic(text)) {
        const auto again = topic(address->project, address->subject);
        require(text.starts_with(again));
        require(text.size() == again.size() || text.substr(again.size()) == "/" + address->session);
    }
    if (is_reply_topic("portal", text)) {
        require(text.starts_with("portal/assistant_response/") && is_publishable(text));
    }
}

void check_payload(std::string_view payload) {
    const UserInput input = decode_user_input(payload);
    const auto written = encode(input);
    require(encode(decode_user_input(written)) == written);  // not always the same: what is no UTF-8 is mended
    static_cast<void>(decode_status(payload));
    static_cast<void>(decode_target(payload, "level"));
    static_cast<void>(decode_prompt_order(payload, "level"));
    if (const auto state = decode_state(payload)) {
        require(!state->message.empty());
    }
    for (const bool has_tools : {false, true}) {
        if (const auto reply = lamd::worker::legacy::make_reply(payload, has_tools); !reply) {
            require(!reply.error().message.empty());
        }
    }
    if (const auto folded = fold(payload); !folded) {
        require(!folded.error().message.empty());
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    Input input(bytes, size);
    check_topic(input.text());
    check_payload(input.rest());
    return 0;
}
