// A known_hosts file, as some person or program has left it. Invariants: whatever stands in it, a host whose key is
// appended is known by it and by no other key; a key that is revoked above stays so.
#include "tests/fuzz/fuzz.h"
#include "tunnel/known_hosts.h"

#include <algorithm>
#include <cstdint>
#include <string>

namespace {

using namespace lamd::tunnel;
using lamd::fuzz::Input;
using lamd::fuzz::require;

// A key of the right form: its own name, and a text.
const std::string kBlob("\0\0\0\x0bssh-ed25519\0\0\0\x04", 19);
constexpr std::string_view kMine = "AAAAC3NzaC1lZDI1NTE5AAAABG1pbmU=";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    Input input(bytes, size);
    const int port = input.number(2) == 0 ? 22 : 2222;
    const std::string text(input.rest());
    const KnownHosts before(text, "b.example.org", port);
    const auto found = before.check("ssh-ed25519", kBlob + "mine");
    require(found.line >= 0 && found.line <= 1 + std::ranges::count(text, '\n'));
    const std::string line = "\n" + known_hosts_name("b.example.org", port) + " ssh-ed25519 " + std::string(kMine);
    const KnownHosts after(text + line, "b.example.org", port);
    const auto mine = after.check("ssh-ed25519", kBlob + "mine").verdict;
    require(mine == HostKeyVerdict::known || (mine == found.verdict && mine == HostKeyVerdict::revoked));
    require(after.check("ssh-ed25519", kBlob + "ours").verdict != HostKeyVerdict::unknown);
    return 0;
}
