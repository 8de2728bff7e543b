// What a bridge replies, as the answer of an OpenAI-compatible server: whole, or a stream of one event. Pure.
#pragma once

#include "transport/http/message.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace lamd::transport::legacy {

enum class ReplyKind {
    answer,
    failure,  ///< `Error: …`
    busy,     ///< nothing but that the server is busy
};

/// A bridge says in plain text how it went. An answer that reads exactly like one of its own errors is taken for one.
[[nodiscard]] ReplyKind classify(std::string_view reply);

/// Of the answer, beside its text.
struct AnswerFacts {
    std::string id;
    std::string model;
    std::int64_t created = 0;  ///< Unix time
    bool is_stream = false;
};

/// 200 with the text (finish_reason `stop`: a bridge does not tell of others), 502 with the words of a failure, or 503
/// with Retry-After.
[[nodiscard]] http::Response make_answer(const AnswerFacts& facts, std::string_view reply);

}  // namespace lamd::transport::legacy
