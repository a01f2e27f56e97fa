"""Preithner 2006: the IgG of serum raises the dose of antibody that NK cells need, and much antibody makes it good."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from abm.evidence.claim import Case, Claim, Values
from abm.evidence.protocols import LINE_HITS, arm, cells, lysis
from abm.inference.measured import Interval

DOSES_NG_PER_ML = (0.1, 1.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6)
IGG: Mapping[str, Any] = {"igg": "66 uM"}


def _series(seed: int) -> list[Case]:
    """Daudi-like cells, resting V/V NK cells at 10:1, 4 h, without and with the IgG of neat serum."""
    arms = {
        f"{name}_{k}": arm({"rituximab": f"{dose} ng/mL"}, *more)
        for name, more in (("plain", ()), ("igg", (IGG,)))
        for k, dose in enumerate(DOSES_NG_PER_ML)
    }
    own = {"duration": "4 h", "populations.nk_cells.state": "resting", "populations.nk_cells.per_b_cell": 10.0}
    return [Case("daudi", 600, cells(140e3, LINE_HITS) | own | {"arms": arms})]


def _curve(found: Mapping[str, Values], name: str) -> np.ndarray:
    return np.array([lysis(found["daudi"], f"{name}_{k}") for k in range(len(DOSES_NG_PER_ML))])


def _shift(found: Mapping[str, Values]) -> float:
    """Return the decadic logarithm of how many times the dose half of the lysis without IgG needs with it."""
    plain, with_igg = (np.maximum.accumulate(_curve(found, name)) for name in ("plain", "igg"))
    base = plain[0]
    half, log_dose = base + 0.5 * (plain[-1] - base), np.log10(DOSES_NG_PER_ML)
    if not with_igg[0] < half < with_igg[-1] or not plain[0] < half:
        return math.nan
    rising = 1e-9 * np.arange(log_dose.size)
    return float(np.interp(half, with_igg + rising, log_dose) - np.interp(half, plain + rising, log_dose))


def _overcome(found: Mapping[str, Values]) -> float:
    """Return lysis with IgG over that without, at 100 and 1 000 ug/mL."""
    plain, with_igg = _curve(found, "plain")[-2:].mean(), _curve(found, "igg")[-2:].mean()
    return float(with_igg / plain) if plain > 0.0 else math.nan


CLAIMS = (
    Claim(
        id="N9-shift", role="fit", unit="log10 of dose", observed=1.3, lo=1.0, hi=2.5,
        text="the IgG of serum raises the dose at half lysis at least tenfold",
        source="Preithner2006; assumed: at most 300-fold",
        cases=_series, measure=_shift,
        paper="Preithner2006", likelihood=Interval(1.0, 2.5),
    ),
    Claim(
        id="N9-overcome", role="fit", unit="1", observed=0.95, lo=0.9, hi=1.05,
        text="100-1 000 ug/mL antibody lyse as many with IgG as without, at least 90 %",
        source="Preithner2006",
        cases=_series, measure=_overcome,
        paper="Preithner2006", likelihood=Interval(0.9, 1.05),
    ),
)  # fmt: skip
