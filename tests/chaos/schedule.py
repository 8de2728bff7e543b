"""Which faults strike when: drawn from a seed, so that a run can be had again."""

import random
from dataclasses import dataclass

from faults import KINDS, Kind


@dataclass(frozen=True)
class Strike:
    at: float  # seconds after the beginning
    lasts: float
    kind: Kind
    seed: int  # of what the fault itself leaves to chance

    @property
    def ends(self):
        return self.at + self.lasts

    def __str__(self):
        return f"{self.at:6.2f} s  {self.kind.name} for {self.lasts:.2f} s"


def draw(seed, seconds):
    """In the order of time. Every third seed has faults that not every answer can survive."""
    rng = random.Random(seed)
    kinds = [kind for kind in KINDS.values() if kind.is_possible() and (kind.is_survivable or seed % 3 == 0)]
    strikes = []
    for place in sorted({kind.place for kind in kinds}):
        here = [kind for kind in kinds if kind.place == place]
        at = rng.uniform(0.5, 12.0)
        while at < seconds:
            kind = rng.choice(here)
            strike = Strike(at, rng.uniform(0.1, kind.longest), kind, rng.getrandbits(32))
            strikes.append(strike)
            at = strike.ends + rng.uniform(3.0, 15.0)
    return sorted(strikes, key=lambda strike: strike.at)
