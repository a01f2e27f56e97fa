"""Cells of one type differ by log-normal factors."""

import math

from abm.core.jit import kernel, prange
from abm.core.par import Model, par
from abm.core.rng import normal


class LogNormal(Model):
    """A log-normal distribution across cells; sigma 0 makes all cells equal."""

    median: float = par(1.0, "1", "design: unit of the column", "Median", ge=0)
    sigma: float = par(0.0, "1", "design: no spread", "Standard deviation of the natural logarithm", ge=0, le=3)

    @property
    def mean(self) -> float:
        """Arithmetic mean."""
        return self.median * math.exp(0.5 * self.sigma**2)


class PositiveLogNormal(LogNormal):
    """A log-normal distribution of what others are divided by."""

    median: float = par(1.0, "1", "design: unit of the column", "Median", gt=0)


@kernel
def draw_lognormal(out, uid, median, sigma, decision, key):
    """Give every cell its own factor, a function of its identity alone."""
    for i in prange(out.size):
        out[i] = median * math.exp(sigma * normal(key, uid[i], decision))
