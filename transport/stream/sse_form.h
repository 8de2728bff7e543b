// The protocol's form over HTTP: a body of server-sent events (WHATWG HTML, 9.2).
//
//   event of the answer      `id: 7` and a line end in front of the server's own bytes
//   body of no event stream  `id: 0`, `event: lam-body`, `data:` a JSON string whose characters are the bytes
//   beat                     a comment: `: lam-beat {"next":8,"age_s":0.4}`
//   everything else          `event: lam-head`, `lam-end`, `lam-error`, `lam-gone`, and its JSON as `data:`
#pragma once

#include "base/result.h"
#include "transport/sse/splitter.h"
#include "transport/stream/message.h"

#include <string>
#include <string_view>
#include <vector>

namespace lamd::transport::stream {

[[nodiscard]] std::string encode_sse(const Message& message);
/// An answer's body, where the answer is no event stream.
[[nodiscard]] std::string encode_sse_body(const Data& body);

class SseDecoder {
public:
    /// The messages that are complete with these bytes. An error is final.
    [[nodiscard]] Result<std::vector<Message>> feed(std::string bytes);

private:
    sse::Splitter splitter_{ByteCount{80 << 20}};  // a body of 64 MiB, escaped
};

}  // namespace lamd::transport::stream
