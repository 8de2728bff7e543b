"""lamctl as a person or a script runs it."""

import os
import subprocess


class Exit:
    """The exit codes of lamctl."""

    DONE, ERROR, USAGE, DOWN, NO_SUCH, DEGRADED, NOT_PERMITTED, TIMED_OUT, NOT_RUNNING = range(9)


def lamctl(socket_path, *words, stdin="", timeout=30.0, environment=None):
    """Runs it to its end: a CompletedProcess with text output."""
    return subprocess.run([os.environ["LAMCTL_BIN"], "--socket", socket_path, *words], input=stdin, text=True,
                          capture_output=True, timeout=timeout, check=False,
                          env={**os.environ, "NO_COLOR": "1", **(environment or {})})
