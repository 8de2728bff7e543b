// What an attempt to connect reads from files: the password, certificates and keys. They are read anew each time, so
// that a new one needs no restart.
#pragma once

#include "base/result.h"
#include "base/secret.h"
#include "config/config.h"
#include "transport/mqtt/tls.h"

#include <memory>

namespace lamd::transport::mqtt {

struct Papers {
    Secret password;
    std::unique_ptr<Tls> tls;  ///< nullptr: none
};

/// The error names the file and its key.
[[nodiscard]] Result<Papers> read_papers(const config::Broker& broker);

}  // namespace lamd::transport::mqtt
