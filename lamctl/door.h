// Who may pass from a browser to lamd while `lamctl dashboard` runs: whoever has the key that was printed. Every user
// of this machine, and every page that its browsers show, can connect to a port of the loopback interface. No I/O.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace lamd::lamctl {

class Door {
public:
    /// `key`: a secret of URL-safe characters; `port`: where browsers knock.
    Door(std::string key, std::uint16_t port);

    /// What to open in a browser.
    [[nodiscard]] std::string url() const;

    /// Sent to lamd in the place of the head that came; it asks for one answer on the connection.
    struct Pass {
        std::string head;
    };
    /// Sent to the browser, whose connection ends with it.
    struct Turn {
        std::string answer;
    };

    /// The head of a request (RFC 9112, 2.1) with the empty line at its end.
    [[nodiscard]] std::variant<Pass, Turn> judge(std::string_view head) const;

private:
    [[nodiscard]] bool is_for_us(std::string_view head) const;
    [[nodiscard]] bool has_key(std::string_view head) const;

    std::string key_;
    std::string port_;
    std::string cookie_;  ///< `lamctl-8090=KEY`: cookies are shared by all ports of a host
};

}  // namespace lamd::lamctl
