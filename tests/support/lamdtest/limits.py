"""How the limits of tests stretch: tests hold what lamd does, on machines that others use too; figures are the benchmarks'.
Sanitizers cost time as well, and keep freed memory."""

import os

IS_SANITIZED = bool(os.environ.get("LAMD_SANITIZE"))
_SLOWNESS = 4 if IS_SANITIZED else 3


def within(seconds):
    """A limit on what takes at most so long on a machine that does nothing else."""
    return seconds * _SLOWNESS


def check_growth(before, now, allowed):
    """Fails where memory grew by more than `allowed` bytes, unless freed memory is kept to find its misuse."""
    assert IS_SANITIZED or now - before <= allowed, f"{now - before} bytes more than before, {allowed} are allowed"
