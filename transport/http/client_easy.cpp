#include "transport/http/client_easy.h"

#include "transport/http/client_library.h"

#include <string>
#include <string_view>

namespace lamd::transport::http {

namespace {

// How long a kept connection is good for another request: less than servers keep an idle one (llama-server and
// uvicorn: 5 s), so that a request hardly ever meets a connection that is being closed at the other end.
constexpr long kReuseLimitSeconds = 3;

constexpr std::string_view kUnixScheme = "unix:";

using Fields = std::unique_ptr<curl_slist, CurlDeleter>;

bool has_line_break(std::string_view text) {
    return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

bool add_line(Fields& fields, const std::string& line) {
    if (has_line_break(line)) {
        return false;
    }
    curl_slist* const longer = curl().slist_append(fields.get(), line.c_str());
    if (longer == nullptr) {
        return false;
    }
    static_cast<void>(fields.release());  // NOLINT(bugprone-unused-return-value): now the head of `longer`
    fields.reset(longer);
    return true;
}

// A name with nothing after the colon keeps curl from sending a field of its own; with a semicolon it is sent empty.
bool set_fields(CURL* easy, const ClientRequest& request, Fields& fields) {
    bool is_good = add_line(fields, "Expect:");
    if (!find(request.fields, "Content-Type")) {
        is_good = is_good && add_line(fields, "Content-Type:");
    }
    for (const Field& field : request.fields) {
        is_good = is_good && add_line(fields, field.value.empty() ? field.name + ";" : field.name + ": " + field.value);
    }
    if (!request.bearer.is_empty()) {
        is_good = is_good && add_line(fields, "Authorization: Bearer " + std::string(request.bearer.reveal()));
    }
    curl().easy_setopt(easy, CURLOPT_HTTPHEADER, fields.get());
    return is_good;
}

bool set_address(CURL* easy, const ClientRequest& request) {
    std::string url = request.base + request.path;
    if (has_line_break(url)) {
        return false;
    }
    if (request.base.starts_with(kUnixScheme)) {
        curl().easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, request.base.substr(kUnixScheme.size()).c_str());
        url = "http://localhost" + request.path;
    }
    curl().easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl().easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl().easy_setopt(easy, CURLOPT_PROXY, "");  // http_proxy and its kin in the environment are not for lamd
    curl().easy_setopt(easy, CURLOPT_NOPROXY, "*");
    curl().easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    return curl().easy_setopt(easy, CURLOPT_URL, url.c_str()) == CURLE_OK;
}

void set_method(CURL* easy, const ClientRequest& request) {
    if (request.method == "GET") {
        return;
    }
    if (request.method == "HEAD") {
        curl().easy_setopt(easy, CURLOPT_NOBODY, 1L);
        return;
    }
    if (request.method == "POST" || !request.body.empty()) {
        curl().easy_setopt(easy, CURLOPT_POST, 1L);
        curl().easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
        curl().easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.c_str());
    }
    if (request.method != "POST") {
        curl().easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    }
}

}  // namespace

std::optional<Easy> make_easy(const ClientRequest& request) {
    Easy easy;
    easy.handle.reset(curl().easy_init());
    CURL* const handle = easy.handle.get();
    if (handle == nullptr || !set_address(handle, request) || !set_fields(handle, request, easy.fields)) {
        return std::nullopt;
    }
    set_method(handle, request);
    curl().easy_setopt(handle, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    curl().easy_setopt(handle, CURLOPT_TCP_NODELAY, 1L);
    curl().easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl().easy_setopt(handle, CURLOPT_MAXAGE_CONN, kReuseLimitSeconds);
    curl().easy_setopt(handle, CURLOPT_FRESH_CONNECT, request.is_alone ? 1L : 0L);
    curl().easy_setopt(handle, CURLOPT_FORBID_REUSE, request.is_alone ? 1L : 0L);
    curl().easy_setopt(handle, CURLOPT_QUICK_EXIT, 1L);  // a slow resolver does not hold up the end of a request
    return easy;
}

}  // namespace lamd::transport::http
