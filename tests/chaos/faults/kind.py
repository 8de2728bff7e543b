"""A fault is a context manager: it strikes when it is entered and is over when it is left. Faults of one place never overlap;
those of different places do.
"""

import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Callable


@dataclass(frozen=True)
class Kind:
    name: str
    place: str
    strike: Callable
    is_survivable: bool = True  # or whatever is under way may fail, as long as it says so
    spares_sessions: bool = True  # or messages to sessions may fail, as long as they say so
    longest: float = 6.0  # seconds
    needs: str = ""  # a variable of the environment: a program that it is made with

    def is_possible(self):
        return not self.needs or bool(os.environ.get(self.needs))


KINDS = {}


def fault(place, **settings):
    """Adds a generator function of (site, random numbers) that strikes, yields, and mends."""
    def add(strike):
        KINDS[strike.__name__] = Kind(strike.__name__, place, contextmanager(strike), **settings)
        return strike

    return add
