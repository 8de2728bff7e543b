#include "transport/mqtt/papers.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace lamd::transport::mqtt {

namespace {

Result<Secret> read_password(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        return Error{fmt::format("open password_file {}: {}", path, std::generic_category().message(errno))};
    }
    constexpr std::size_t kMost = 65535;  // 3.1.3.6
    std::string text(kMost, '\0');
    const ssize_t count = ::read(fd, text.data(), text.size());
    const int error = errno;
    ::close(fd);
    if (count < 0) {
        return Error{fmt::format("read password_file {}: {}", path, std::generic_category().message(error))};
    }
    text.resize(static_cast<std::size_t>(count));
    while (text.ends_with('\n') || text.ends_with('\r')) {
        text.pop_back();
    }
    return Secret(std::move(text));
}

}  // namespace

Result<Papers> read_papers(const config::Broker& broker) {
    Papers papers;
    if (broker.password_file) {
        Result<Secret> password = read_password(*broker.password_file);
        if (!password) {
            return password.error();
        }
        papers.password = std::move(*password);
    }
    if (broker.is_tls) {
        Result<std::unique_ptr<Tls>> tls = Tls::make(broker);
        if (!tls) {
            return tls.error();
        }
        papers.tls = std::move(*tls);
    }
    return papers;
}

}  // namespace lamd::transport::mqtt
