"""One thing that an installation must get right: what was found, what should be, and how far apart they may lie."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

SIGMAS = 4.0  # design: standard errors that chance exceeds once in 16 000 times
LEAST_P = 1e-4  # design: as rare for two laws that are the same
BY_CHANCE = "4 standard errors: chance alone exceeds them once in 16 000 times"
OF_LAWS = "chance alone draws two samples of one law further apart once in 10 000 times"
Verdict = Literal["passed", "failed", "not comparable"]


@dataclass(frozen=True)
class Check:
    """A value beside its reference.

    Attributes
    ----------
    name : str
        In the unit's words what was measured.
    unit : str
        Of value, reference, difference and tolerance; "" of a plain number.
    value, reference : float or str
        Found, and right; words are compared as they are.
    tolerance : float
        Largest difference that passes.
    reason : str
        Why it is that large, or why nothing can be compared.
    is_comparable : bool
        Whether the reference holds here.
    """

    name: str
    unit: str
    value: float | str
    reference: float | str
    tolerance: float
    reason: str
    is_comparable: bool = True

    @property
    def difference(self) -> float:
        """Return value less reference; of words 0 where they are the same, else 1."""
        if isinstance(self.value, str) or isinstance(self.reference, str):
            return float(self.value != self.reference)
        return self.value - self.reference

    @property
    def verdict(self) -> Verdict:
        """Return how it ended; what is no number fails."""
        if not self.is_comparable:
            return "not comparable"
        return "passed" if abs(self.difference) <= self.tolerance else "failed"


Case = Callable[[], Sequence[Check]]


def farthest(samples: float) -> float:
    """Return how far Kolmogorov and Smirnov's distance may be from 0; of two samples, n m / (n + m) of their sizes."""
    return float(np.sqrt(-0.5 * np.log(0.5 * LEAST_P) / samples))


def mean_of(name: str, unit: str, found: Sequence[float], expected: float, variance: float | None = None) -> Check:
    """Compare the mean of independent values with what is expected; their variance is measured unless it is known."""
    values = np.asarray(found, float)
    error = np.sqrt((values.var(ddof=1) if variance is None else variance) / values.size)
    return Check(name, unit, float(values.mean()), float(expected), float(SIGMAS * error), BY_CHANCE)
