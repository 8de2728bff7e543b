"""TCP ports that no test running beside this one takes.

A port is claimed by an abstract Unix socket that lives as long as this process, and comes from below the range of
ephemeral ports, so that no outgoing connection sits on it.
"""

import os
import random
import socket

_FIRST, _LAST = 20000, 32000
_claims = []
_random = random.Random(os.getpid())


def _is_free(port):
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError:
                return False
    return True


def free_port():
    for _ in range(1000):
        port = _random.randrange(_FIRST, _LAST)
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0lamd-test-port-{port}")
        except OSError:
            claim.close()
            continue
        if _is_free(port):
            _claims.append(claim)
            return port
        claim.close()
    raise RuntimeError("no free TCP port found")
