"""What can go wrong with two hosts, a fault at a time. `KINDS` has them all: each module adds its own."""

from . import link, processes, services, settings
from .kind import KINDS, Kind

__all__ = ["KINDS", "Kind", "link", "processes", "services", "settings"]
