"""How lysis of a line by rituximab depends on the serum fraction."""

import math
from collections.abc import Callable, Mapping

import numpy as np

from abm.evidence.claim import Case, Claim, Values
from abm.evidence.protocols import RITUXIMAB, arm, cells, lysis
from abm.inference.measured import Interval

SERA_PERCENT = (1.0, 2.5, 5.0, 10.0, 17.5, 25.0, 50.0)
WHY = "assumed: usual in such assays, half at 5-10 % and a plateau from 20-25 %"


def _series(seed: int) -> list[Case]:
    """Raji-like cells, 4 h."""
    arms = {
        f"serum_{k}": arm(RITUXIMAB, {"serum": f"{x} %"}, without=("nk_cells",)) for k, x in enumerate(SERA_PERCENT)
    }
    return [Case("raji", 1000, cells(150e3) | {"duration": "4 h", "arms": arms})]


def _lysed(found: Mapping[str, Values]) -> np.ndarray:
    return np.array([lysis(found["raji"], f"serum_{k}") for k in range(len(SERA_PERCENT))])


def _serum_at(share: float) -> Callable[[Mapping[str, Values]], float]:
    """Return the serum fraction in percent at a share of the most that is lysed, between neighbours on a log scale."""

    def measure(found: Mapping[str, Values]) -> float:
        lysed = np.maximum.accumulate(_lysed(found))
        if lysed[-1] <= 0.0:
            return math.nan
        rising = lysed / lysed[-1] + 1e-9 * np.arange(lysed.size)
        return float(np.exp(np.interp(share, rising, np.log(SERA_PERCENT))))

    return measure


CLAIMS = (
    Claim(
        id="N6-half", role="fit", unit="% serum", observed=7.5, lo=5.0, hi=10.0,
        text="half of the lysis of a line needs 5-10 % serum",
        source=WHY,
        cases=_series, measure=_serum_at(0.5),
        likelihood=Interval(5.0, 10.0),
    ),
    Claim(
        id="N6-plateau", role="fit", unit="% serum", observed=18.0, lo=10.0, hi=25.0,
        text="nine tenths of what serum lyses at most need 10-25 %: the plateau begins at 20-25 %",
        source=WHY,
        cases=_series, measure=_serum_at(0.9),
        likelihood=Interval(10.0, 25.0),
    ),
)  # fmt: skip
