"""Whether two revisions obey the same laws: what they found may differ by chance, and by no more.

Runs are compared seed by seed, patient by patient, by the mean of their differences. A claim is known as a mean with an
interval over seeds, or over simulated trials of some size.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

P_MIN = 0.01  # design: of all laws of a job together
SAME = 1e-3  # design: relative; rounding and the order of sums move a number by less
PATIENTS_PER_SEED = 100
MIDDLE = 0.975

Values = Sequence[float | None]


@dataclass(frozen=True)
class Law:
    """One quantity as both revisions found it, and the standard error of the difference."""

    name: str
    before: float
    after: float
    error: float
    freedom: float

    @property
    def z(self) -> float:
        """How many standard errors lie between them; none where they are the same."""
        if math.isclose(self.before, self.after, rel_tol=SAME, abs_tol=1e-12):
            return 0.0
        return (self.after - self.before) / self.error if self.error > 0.0 else math.inf

    @property
    def p(self) -> float:
        """Return how often chance alone would part them so far."""
        return float(2.0 * stats.t.sf(abs(self.z), max(1.0, self.freedom)))

    def is_kept(self, n_laws: int) -> bool:
        """Whether chance may explain the difference, this being one of many laws."""
        return self.p >= P_MIN / n_laws


def of_runs(before: Mapping[str, Values], after: Mapping[str, Values]) -> list[Law]:
    """Return the laws of all quantities that both found; where some are unknown, their share is a law of its own."""
    found = []
    for name in (name for name in before if name in after):
        pairs = np.array(list(zip(before[name], after[name], strict=False)), dtype=float)
        known = np.isfinite(pairs)
        if known.any() and not known.all():
            found.append(_of_pairs(f"{name} is known", known.astype(float)))
        found.append(_of_pairs(name, pairs[known.all(axis=1)]))
    return [law for law in found if law.freedom > 0]


def _of_pairs(name: str, pairs: np.ndarray) -> Law:
    n, differences = len(pairs), pairs[:, 1] - pairs[:, 0]
    if n < 2:
        return Law(name, math.nan, math.nan, math.nan, 0)  # one pair says nothing of chance
    return Law(name, *map(float, pairs.mean(axis=0)), float(np.std(differences, ddof=1)) / math.sqrt(n), n - 1)


def of_scores(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Law]:
    """Return the laws of all claims that the earlier revision has a value of, their chance as the later one found it.

    Parameters
    ----------
    before, after : mapping
        What ``abm evidence --json`` prints.
    """
    known = {one["id"]: one for one in after["claims"]}
    asked = [(len(one["seeds"]), one["scale"]) for one in (before, after)]
    told = [one for one in before["claims"] if one["simulated"] is not None]
    return [_of_score(one, known[one["id"]], asked) for one in told if one["id"] in known]


def _of_score(before: Mapping[str, Any], after: Mapping[str, Any], asked: Sequence[tuple[int, float]]) -> Law:
    numbers = before["simulated"], math.nan if after["simulated"] is None else after["simulated"]
    lo, hi = after["interval"]
    half, (n_seeds, _) = (hi - lo) / 2.0 if lo is not None else 0.0, asked[1]
    if after["trial"]:  # the mean over trials of this size, whose patients are drawn from all there are
        behind = [n * scale * PATIENTS_PER_SEED for n, scale in asked]
        spread = half / stats.norm.ppf(MIDDLE) * math.sqrt(after["trial"])
    else:
        behind = [float(n) for n, _ in asked]
        spread = half / stats.t.ppf(MIDDLE, n_seeds - 1) * math.sqrt(n_seeds)
    return Law(after["id"], *numbers, spread * math.sqrt(sum(1.0 / n for n in behind)), behind[1] - 1.0)
