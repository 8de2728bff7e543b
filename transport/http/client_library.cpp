#include "transport/http/client_library.h"

#include <dlfcn.h>

#include <stdexcept>
#include <string>

namespace lamd::transport::http {

namespace {

/// The ABI since libcurl 7.16, in Debian 12 and 13.
constexpr const char* kName = "libcurl.so.4";

template <class Function>
void find(void* library, const char* name, Function& function) {
    function = reinterpret_cast<Function>(dlsym(library, name));
    if (function == nullptr) {
        throw std::runtime_error(std::string(kName) + " has no " + name);
    }
}

CurlLibrary load() {
    void* const library = dlopen(kName, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
        throw std::runtime_error(std::string("load libcurl (package libcurl4), which servers are asked with: ") +
                                 dlerror());
    }
    CurlLibrary curl{};
    find(library, "curl_global_init", curl.global_init);
    find(library, "curl_easy_init", curl.easy_init);
    find(library, "curl_easy_setopt", curl.easy_setopt);
    find(library, "curl_easy_getinfo", curl.easy_getinfo);
    find(library, "curl_easy_pause", curl.easy_pause);
    find(library, "curl_easy_strerror", curl.easy_strerror);
    find(library, "curl_easy_cleanup", curl.easy_cleanup);
    find(library, "curl_slist_append", curl.slist_append);
    find(library, "curl_slist_free_all", curl.slist_free_all);
    find(library, "curl_multi_init", curl.multi_init);
    find(library, "curl_multi_setopt", curl.multi_setopt);
    find(library, "curl_multi_add_handle", curl.multi_add_handle);
    find(library, "curl_multi_remove_handle", curl.multi_remove_handle);
    find(library, "curl_multi_socket_action", curl.multi_socket_action);
    find(library, "curl_multi_info_read", curl.multi_info_read);
    find(library, "curl_multi_cleanup", curl.multi_cleanup);
    return curl;
}

}  // namespace

const CurlLibrary& curl() {
    static const CurlLibrary library = load();
    return library;
}

}  // namespace lamd::transport::http
