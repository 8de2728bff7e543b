// What the benchmark's server can answer: `/` (a small text), `/source` (bytes without end), `/sink` (takes bytes),
// `/events` (a paced event stream), and an OpenAI-compatible face (`/v1/chat/completions`, `/v1/models`, `/health`).
#pragma once

#include "bench/load/session.h"

#include <memory>

namespace lamd::bench::load {

[[nodiscard]] std::unique_ptr<Answer> make_answer(const Request& request);

/// `/events?rate=R&size=B`: R events a second of B bytes each, stamped and numbered (event_answers.cpp).
[[nodiscard]] std::unique_ptr<Answer> make_events(const Request& request);

/// A chat answer of `max_tokens` events at `bench_rate` a second, the first one at once, framed as llama-server frames
/// it; rate 0: as fast as they are taken (event_answers.cpp).
[[nodiscard]] std::unique_ptr<Answer> make_chat_answer(const Request& request);

}  // namespace lamd::bench::load
