// The JSON that lamd and lamctl say to each other, read by the other one. Invariant: what is read is written and read
// again as the same.
#include "api/chat.h"
#include "api/codec.h"
#include "api/error.h"
#include "tests/fuzz/fuzz.h"

#include <cstdint>
#include <string_view>

namespace {

using namespace lamd::api;
using lamd::fuzz::Input;
using lamd::fuzz::require;

template <class T>
void check(std::string_view json) {
    const auto value = decode<T>(json);
    if (!value) {
        require(!value.error().message.empty());
        return;
    }
    const auto written = encode(*value);
    const auto again = decode<T>(written);
    require(again && encode(*again) == written);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    Input input(bytes, size);
    const auto kind = input.number(10);
    const auto json = input.rest();
    switch (kind) {
        case 0:
            check<Status>(json);
            break;
        case 1:
            check<TunnelList>(json);
            break;
        case 2:
            check<PathList>(json);
            break;
        case 3:
            check<ServerList>(json);
            break;
        case 4:
            check<StreamList>(json);
            break;
        case 5:
            check<SessionList>(json);
            break;
        case 6:
            check<ProbeList>(json);
            break;
        case 7:
            static_cast<void>(decode<Event>(json));
            break;
        case 8:
            static_cast<void>(decode_chat_event(json));
            static_cast<void>(decode_error(json));
            break;
        default:
            static_cast<void>(decode_session_text(json));
    }
    return 0;
}
