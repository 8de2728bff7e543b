// libcurl, loaded when the first client is made. A lamd that only keeps tunnels has no use for it, and what libcurl
// brings along (Kerberos, LDAP, a second TLS library, …) is a third of its memory and of its start.
#pragma once

#include <curl/curl.h>

namespace lamd::transport::http {

/// The functions in use, by their names without `curl_`.
struct CurlLibrary {
    decltype(&curl_global_init) global_init;
    decltype(&curl_easy_init) easy_init;
    decltype(&curl_easy_setopt) easy_setopt;
    decltype(&curl_easy_getinfo) easy_getinfo;
    decltype(&curl_easy_pause) easy_pause;
    decltype(&curl_easy_strerror) easy_strerror;
    decltype(&curl_easy_cleanup) easy_cleanup;
    decltype(&curl_slist_append) slist_append;
    decltype(&curl_slist_free_all) slist_free_all;
    decltype(&curl_multi_init) multi_init;
    decltype(&curl_multi_setopt) multi_setopt;
    decltype(&curl_multi_add_handle) multi_add_handle;
    decltype(&curl_multi_remove_handle) multi_remove_handle;
    decltype(&curl_multi_socket_action) multi_socket_action;
    decltype(&curl_multi_info_read) multi_info_read;
    decltype(&curl_multi_cleanup) multi_cleanup;
};

/// Loads it at the first call, for good. Throws where it is not installed, as the loader would have done at the start.
[[nodiscard]] const CurlLibrary& curl();

}  // namespace lamd::transport::http
