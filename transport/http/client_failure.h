// What curl's result codes mean for whoever asked: the one place where they become a FailureKind.
#pragma once

#include "transport/http/client.h"

#include <curl/curl.h>

namespace lamd::transport::http {

[[nodiscard]] FailureKind failure_kind(CURLcode code);

}  // namespace lamd::transport::http
