// A ClientRequest as a curl easy handle with every option that is the same for all: HTTP/1.1 to the address given and
// nowhere else. The callbacks are set by client_transfer.cpp.
#pragma once

#include "transport/http/client.h"
#include "transport/http/client_library.h"

#include <curl/curl.h>

#include <memory>
#include <optional>

namespace lamd::transport::http {

struct CurlDeleter {
    void operator()(CURL* easy) const {
        curl().easy_cleanup(easy);
    }
    void operator()(curl_slist* list) const {
        curl().slist_free_all(list);
    }
};

/// curl keeps references into the fields and into the body of the request.
struct Easy {
    std::unique_ptr<curl_slist, CurlDeleter> fields;
    std::unique_ptr<CURL, CurlDeleter> handle;
};

/// Nothing where it cannot be sent: a malformed address, a line break in a field. `request` outlives the result and
/// stays where it is.
[[nodiscard]] std::optional<Easy> make_easy(const ClientRequest& request);

}  // namespace lamd::transport::http
