"""Whether a series of samples is flat: a straight line through it, with the error of its slope."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Trend:
    mean: float
    slope: float  # per second
    error: float  # of the slope, one standard deviation
    seconds: float

    @classmethod
    def of(cls, samples):
        """`samples`: (seconds, value), three at least."""
        count = len(samples)
        middle = sum(at for at, _ in samples) / count
        mean = sum(value for _, value in samples) / count
        spread = sum((at - middle) ** 2 for at, _ in samples)
        slope = sum((at - middle) * (value - mean) for at, value in samples) / spread
        rest = sum((value - mean - slope * (at - middle)) ** 2 for at, value in samples)
        return cls(mean, slope, math.sqrt(rest / (count - 2) / spread), samples[-1][0] - samples[0][0])

    @property
    def growth(self):
        """Over the whole time."""
        return self.slope * self.seconds

    def is_flat(self, allowed):
        """Unless it certainly (three standard deviations) grew by more than `allowed` over the whole time."""
        return (self.slope - 3 * self.error) * self.seconds <= allowed
