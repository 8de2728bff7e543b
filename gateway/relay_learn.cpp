// The part of a Relay that remembers what a request has shown of its server: how fast it was, whether it failed, and
// which prompt it has in its cache now. The next choices go by it.
#include "gateway/relay.h"

#include <utility>

namespace lamd::gateway {

void Relay::see_first_content() {
    const auto now = environment_.clock.now();
    if (!std::exchange(has_content_, true)) {
        environment_.ledger.figures.first_token.add(now - begun_);
    }
    if (!first_token_) {
        first_token_ = now - asked_;
        learn_prompt();
    }
}

void Relay::ended(Ending ending, bool is_server_good) {
    ending_ = ending;
    is_answered_ = true;
    ++(is_server_good ? path_->counts.answered : path_->counts.failed);
    if (!is_server_good) {
        learn_failure();
    } else if (ending == Ending::finished) {
        learn_answer();
    }
}

// From its first token on: also when the caller leaves in the middle, the server has read the prompt.
void Relay::learn_prompt() {
    if (server_ && !is_resumed_) {
        server_->prompts.add(prompt_, environment_.clock.now());
    }
}

// A stream that goes on where it was has been measured from nowhere.
void Relay::learn_answer() {
    if (!server_ || is_resumed_) {
        return;
    }
    const auto now = environment_.clock.now();
    server_->pace.answered(first_token_.value_or(now - asked_), now - asked_, now);
    learn_prompt();
}

void Relay::learn_failure() {
    if (server_) {
        server_->pace.failed(environment_.clock.now());
    }
}

}  // namespace lamd::gateway
