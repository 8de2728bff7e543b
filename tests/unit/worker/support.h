// What the worker's tests have in common: an answer of a server, in pieces, and the id of the stream that carries it.
#pragma once

#include "base/uuid.h"

#include <string>

namespace lamd::test {

inline const std::string kHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
inline const std::string kOne = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"one\"}}]}\n\n";
inline const std::string kLast = "data: {\"choices\":[{\"index\":0,\"finish_reason\":\"stop\",\"delta\":{}}]}\n\n";

inline const std::string kName = "01932c07-209e-7b3e-9c4f-0242ac120002";
inline const UuidBytes kId = *uuid_bytes(kName);

}  // namespace lamd::test
