// lamd's state as the events tell it: a snapshot, and every change applied to it.
#pragma once

#include "api/event.h"

namespace lamd::lamctl {

/// Brings `status` up to date with one event; its uptime is that of the event's time.
void apply(const api::Event& event, api::Status& status);

}  // namespace lamd::lamctl
