"""What the sanitizers say of a program: it must be nothing, but for the leaks of libssh2 itself.

libssh2 up to 1.11.1 forgets its copy of the host key at each key exchange (51 bytes, ed25519), and a number of two
allocations (24 bytes and its digits) each time it reads an ECDSA key. Its channels and packets have other sizes.
"""

import re

# So that a program which only has known leaks ends as it would without sanitizers.
ENVIRONMENT = {"LSAN_OPTIONS": "exitcode=0"}

_FINDINGS = ("AddressSanitizer: ", "ThreadSanitizer", "UndefinedBehaviorSanitizer", "runtime error:",
             "LeakSanitizer has")
_LEAK = re.compile(r"Direct leak of (\d+) byte\(s\) in (\d+) object\(s\) .*\n.* in malloc .*\n *#1 (.*)")
_KNOWN = ((51, "/libssh2.so"), (24, "CRYPTO_zalloc"))


def check(output):
    report = re.sub(r"SUMMARY: AddressSanitizer: \d+ byte\(s\) leaked.*", "", output)
    for finding in _FINDINGS:
        assert finding not in report, report[-20000:]
    unknown = [leak.group(0) for leak in _LEAK.finditer(report) if not _is_known(leak)]
    assert not unknown, "\n".join(unknown[:50])
    assert "LeakSanitizer: detected" not in report or _LEAK.search(report), report[-20000:]


def _is_known(leak):
    size = int(leak.group(1)) / int(leak.group(2))
    return any(size == known and caller in leak.group(3) for known, caller in _KNOWN)
