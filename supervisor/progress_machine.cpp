#include "supervisor/progress_machine.h"

#include <algorithm>

namespace lamd::supervisor {

namespace {

using namespace std::chrono_literals;

bool is_any_processing(const std::vector<Slot>& slots) {
    return std::ranges::any_of(slots, &Slot::is_processing);
}

// A slot that works and is not as it was.
bool has_advanced(const std::vector<Slot>& before, const std::vector<Slot>& now) {
    return std::ranges::any_of(now, [&before](const Slot& slot) {
        return slot.is_processing && std::ranges::find(before, slot) == before.end();
    });
}

}  // namespace

void ProgressMachine::joined(Instant now) {
    if (!is_waiting()) {
        silent_since_ = now;
    }
    ++streams_;
}

// With the last stream goes the suspicion, but not the verdict: the server may still be stuck in it.
void ProgressMachine::left() {
    --streams_;
    if (!is_waiting() && !is_wedged()) {
        last_look_.reset();
        slots_.reset();
        silences_ = 0;
    }
}

void ProgressMachine::delivering(Instant now) {
    progressed(now);
    ++delivering_;
}

void ProgressMachine::delivered(Instant now) {
    --delivering_;
    progressed(now);
}

void ProgressMachine::progressed(Instant now) {
    verdict_ = Verdict::working;
    silent_since_ = now;
    last_look_.reset();
    slots_.reset();
    silences_ = 0;
}

std::optional<Instant> ProgressMachine::next_look() const {
    if (limit_ == Duration::zero() || (!is_wedged() && !is_waiting())) {
        return std::nullopt;
    }
    return last_look_ ? *last_look_ + gap() : silent_since_ + limit_;
}

// Seldom: asking keeps llama-server from noticing clients that have left.
Duration ProgressMachine::gap() const {
    return std::clamp<Duration>(limit_ / 4, 250ms, 10s);
}

void ProgressMachine::looked(const Look& look, Instant asked, Instant now) {
    if (silent_since_ > asked || !next_look()) {
        return;
    }
    last_look_ = now;
    switch (look.kind) {
        case Look::Kind::slots:
            silences_ = 0;
            take_slots(look.slots, now);
            break;
        case Look::Kind::silent:
            take_silence();
            break;
        case Look::Kind::mute:
            take_muteness(now);
            break;
        case Look::Kind::none:
            break;
    }
}

void ProgressMachine::take_slots(const std::vector<Slot>& slots, Instant now) {
    const bool is_first = !slots_;
    if (!is_any_processing(slots) || (!is_first && has_advanced(*slots_, slots))) {
        progressed(now);
        return;
    }
    slots_ = slots;
    if (!is_first) {
        verdict_ = Verdict::stuck;
    }
}

void ProgressMachine::take_silence() {
    ++silences_;
    if (silences_ >= 2 && !is_wedged()) {
        verdict_ = Verdict::silent;
    }
}

// There is nothing to see but streams: without any, the next one must try it.
void ProgressMachine::take_muteness(Instant now) {
    if (!is_waiting()) {
        progressed(now);
    } else {
        verdict_ = Verdict::mute;
    }
}

}  // namespace lamd::supervisor
