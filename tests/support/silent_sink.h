// Where log lines go that no test reads.
#pragma once

#include "base/log.h"

namespace lamd::test {

class SilentSink final : public log::Sink {
public:
    void write(log::Level, std::string_view, std::span<const log::Field>) override {}
};

}  // namespace lamd::test
