#include "transport/http/client_failure.h"

namespace lamd::transport::http {

std::string_view to_string(FailureKind kind) {
    switch (kind) {
        case FailureKind::resolve:
            return "resolve";
        case FailureKind::refused:
            return "refused";
        case FailureKind::timeout:
            return "timeout";
        case FailureKind::closed:
            return "closed";
        case FailureKind::protocol:
            return "protocol";
        case FailureKind::local:
            return "local";
    }
    return "local";
}

// Not a switch with every enumerator: CURLcode has a hundred, most of them of protocols that are not spoken here.
FailureKind failure_kind(CURLcode code) {
    switch (static_cast<int>(code)) {
        case CURLE_COULDNT_RESOLVE_HOST:
            return FailureKind::resolve;
        case CURLE_COULDNT_CONNECT:
            return FailureKind::refused;
        case CURLE_OPERATION_TIMEDOUT:
            return FailureKind::timeout;
        case CURLE_GOT_NOTHING:
        case CURLE_PARTIAL_FILE:
        case CURLE_RECV_ERROR:
        case CURLE_SEND_ERROR:
        case CURLE_ABORTED_BY_CALLBACK:
            return FailureKind::closed;
        case CURLE_WEIRD_SERVER_REPLY:
        case CURLE_UNSUPPORTED_PROTOCOL:
        case CURLE_HTTP2:
        case CURLE_BAD_CONTENT_ENCODING:
        case CURLE_WRITE_ERROR:
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_PEER_FAILED_VERIFICATION:
            return FailureKind::protocol;
        default:
            return FailureKind::local;
    }
}

}  // namespace lamd::transport::http
