// One message of the stream protocol as it travels over MQTT: a fixed head and raw bytes (docs/protocol.md says it byte
// by byte). What a payload holds depends on the type; request_form.h and frame_form.h read and write it.
//
// A payload that is larger than a broker takes travels in several frames, each with the place of its bytes in the
// whole; Reassembly puts them together again.
#pragma once

#include "base/byte_count.h"
#include "base/result.h"
#include "base/uuid.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

namespace lamd::transport::stream {

/// The number on the wire is the enumerator's value.
enum class FrameType : std::uint8_t {
    open = 1,     ///< gateway to worker: begin this stream, or go on with it if it is known
    resume = 2,   ///< gateway to worker: go on from `seq`; never begins one
    cancel = 3,   ///< gateway to worker: nobody wants it any more
    credit = 4,   ///< gateway to worker: everything before `seq` has arrived; so many bytes more may be sent
    head = 16,    ///< worker to gateway: the server has begun to answer
    events = 17,  ///< worker to gateway: events from `seq` on
    beat = 18,    ///< worker to gateway: the stream lives
    end = 19,     ///< worker to gateway: complete
    error = 20,   ///< worker to gateway: the stream has failed, or is not known; final
    gone = 21,    ///< worker to gateway: cancelled, and the server's slot is free
};

struct Frame {
    FrameType type = FrameType::open;
    UuidBytes id{};
    std::uint64_t seq = 0;     ///< of open, resume, credit and events; otherwise 0
    std::uint32_t offset = 0;  ///< of `bytes` in the whole payload
    std::uint32_t total = 0;   ///< of the whole payload
    std::string_view bytes;    ///< not owned

    [[nodiscard]] bool is_whole() const {
        return offset == 0 && bytes.size() == total;
    }
};

constexpr std::size_t kFrameHead = 36;

/// Appends the head and the bytes.
void encode(const Frame& frame, std::string& out);

/// The bytes of the result are those of `message`.
[[nodiscard]] Result<Frame> decode(std::string_view message);

/// Puts the parts of payloads together, whatever comes twice or not at all. Bounded: a payload larger than `limit` is
/// refused, and where unfinished ones together hold more than `all`, the one that was begun or went on longest ago
/// gives way: its other parts will hardly come any more.
class Reassembly {
public:
    explicit Reassembly(ByteCount limit) : Reassembly(limit, limit) {}
    Reassembly(ByteCount limit, ByteCount all) : limit_(limit), all_(all) {}

    /// The whole payload when `part` was the last that was missing. Parts must come in order, as MQTT delivers them; a
    /// part out of order is a duplicate or the trace of a loss, and ends what was gathered: the other side sends it
    /// again when it is asked to.
    [[nodiscard]] Result<std::optional<std::string>> add(const Frame& part);

    /// Forgets what is unfinished of a stream.
    void forget(const UuidBytes& id);

    /// Forgets all that is unfinished: the rest was lost with its connection.
    void clear();

private:
    using Key = std::tuple<UuidBytes, FrameType, std::uint64_t>;
    struct Parts {
        std::string bytes;
        std::uint64_t turn = 0;  ///< of the last one that came
    };
    using Unfinished = std::map<Key, Parts>;

    Unfinished::iterator drop(Unfinished::iterator place);
    void make_room(std::size_t bytes);

    ByteCount limit_;
    ByteCount all_;
    std::uint64_t held_ = 0;
    std::uint64_t turn_ = 0;
    Unfinished unfinished_;
};

}  // namespace lamd::transport::stream
