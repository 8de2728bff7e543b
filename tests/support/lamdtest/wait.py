"""Waiting for a condition with a deadline; the only place that sleeps."""

import time

from .limits import within


class Timeout(AssertionError):
    """What was waited for did not happen in time."""


def wait_until(condition, timeout=10.0, what="the condition", interval=0.02):
    """The first true value of `condition()`, or Timeout after `timeout` seconds, stretched as limits are."""
    end = time.monotonic() + within(timeout)
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= end:
            raise Timeout(f"not within {timeout:g} s: {what}")
        time.sleep(interval)
