// What brokers and sockets answer, in words: the reason codes of MQTT 5 (2.4) and the errors of the system, each with
// its cause and a remedy. Nothing here does I/O.
#pragma once

#include "config/config.h"
#include "transport/mqtt/failure.h"

#include <string_view>

namespace lamd::transport::mqtt {

inline constexpr int kFirstRefusal = 0x80;  ///< reason codes from here on are failures

/// A CONNACK with a reason other than success. `explanation` is the broker's Reason String (may be empty).
[[nodiscard]] Failure connection_refused(int reason, std::string_view explanation, const config::Broker& broker);

/// A DISCONNECT from the broker.
[[nodiscard]] Failure connection_ended(int reason, std::string_view explanation, const config::Broker& broker);

/// connect(2) failed.
[[nodiscard]] Failure not_connected(int error_number, const config::Broker& broker);

/// The connection ended without a word; `is_answered`: after the CONNACK. `detail` may be empty.
[[nodiscard]] Failure connection_lost(bool is_answered, std::string_view detail, const config::Broker& broker);

/// A reason of a SUBACK or a PUBACK from 0x80 on.
[[nodiscard]] Trouble subscription_refused(std::string_view filter, int reason, const config::Broker& broker);
[[nodiscard]] Trouble publish_refused(std::string_view topic, int reason, const config::Broker& broker);

}  // namespace lamd::transport::mqtt
