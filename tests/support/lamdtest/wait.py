"""Waiting for a condition with a deadline; the only place that sleeps."""

import time


class Timeout(AssertionError):
    """What was waited for did not happen in time."""


def wait_until(condition, timeout=10.0, what="the condition", interval=0.02):
    """The first true value of `condition()`, or Timeout after `timeout` seconds."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= end:
            raise Timeout(f"not within {timeout:g} s: {what}")
        time.sleep(interval)
