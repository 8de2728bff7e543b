#include "systemd/datagram.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>

namespace lamd::systemd {

bool send_datagram(std::string_view address, std::string_view bytes) {
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    if (address.empty() || address.size() >= sizeof to.sun_path || (address[0] != '/' && address[0] != '@')) {
        return false;
    }
    address.copy(to.sun_path, address.size());
    if (address[0] == '@') {
        to.sun_path[0] = '\0';
    }
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size());
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return false;
    }
    const auto sent = sendto(fd, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
                             reinterpret_cast<const sockaddr*>(&to), size);
    close(fd);
    return sent == static_cast<ssize_t>(bytes.size());
}

}  // namespace lamd::systemd
