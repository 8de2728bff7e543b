#include "transport/openai/patience.h"

#include <fmt/format.h>

namespace lamd::transport::openai {

void Patience::observe(const StreamWatch& watch, Instant now) {
    if (watch.steps() != steps_) {
        steps_ = watch.steps();
        last_step_ = now;
    }
    has_content_ = watch.has_content();
}

Instant Patience::due() const {
    return limit() > Duration::zero() ? last_step_ + limit() : Instant::max();
}

std::string Patience::overdue() const {
    if (has_content_) {
        return fmt::format("nothing more of the answer for {}", human(limits_.between));
    }
    return steps_ > 0 ? fmt::format("the server came no further with the prompt for {}", human(limits_.first))
                      : fmt::format("nothing of the answer within {}", human(limits_.first));
}

}  // namespace lamd::transport::openai
