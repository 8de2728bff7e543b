"""How the limits of tests stretch where lamd is built with sanitizers, which cost time and keep freed memory."""

import os

IS_SANITIZED = bool(os.environ.get("LAMD_SANITIZE"))
_SLOWNESS = 4 if IS_SANITIZED else 1


def within(seconds):
    """A limit on a time that is mostly lamd's own work."""
    return seconds * _SLOWNESS


def check_growth(before, now, allowed):
    """Fails where memory grew by more than `allowed` bytes, unless freed memory is kept to find its misuse."""
    assert IS_SANITIZED or now - before <= allowed, f"{now - before} bytes more than before, {allowed} are allowed"
