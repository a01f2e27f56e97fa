"""Dall'Ozzo 2004: the dose of rituximab at half lysis by NK cells of FCGR3A V/V and F/F donors."""

import math
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy.optimize import OptimizeWarning, curve_fit

from abm.evidence.claim import Case, Claim, Values
from abm.evidence.protocols import LINE_HITS, arm, cells
from abm.inference.measured import LogNormal

TOPS, SLOPES, BEYOND = (1e-6, 1.0), (0.2, 8.0), 2.0  # design: what seven doses can tell; natural logs beyond the ends
DOSES_NG_PER_ML = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
N = 1000


def _doses(genotype: str) -> list[Case]:
    """Daudi-like cells, resting NK cells at 10:1 added 30 min after the antibody, 4 h together."""
    own = cells(140e3, LINE_HITS) | {
        "duration": "4.5 h",
        "populations.nk_cells.state": "resting",
        "populations.nk_cells.per_b_cell": 0.0,
        "covariates.fcgr3a": genotype,
    }

    def at(dose: float) -> Callable[[int], dict[str, Any]]:
        drug = {"rituximab": f"{dose} ng/mL"}
        return lambda n: own | {"arms": {"nk": arm(drug, {"nk_cells": 10 * n, "at": "30 min"})}}

    return [Case(f"{genotype} {dose}", N, at(dose)) for dose in DOSES_NG_PER_ML]


def _curve(found: Mapping[str, Values], genotype: str) -> tuple[float, float]:
    """Return EC50 in ng/mL and plateau of a logistic curve through one genotype's lysis."""
    doses = np.array(DOSES_NG_PER_ML)
    lysed = np.array([found[f"{genotype} {dose}"]["nk.lysis"] for dose in DOSES_NG_PER_ML])

    def law(log_dose: np.ndarray, top: float, middle: float, slope: float) -> np.ndarray:
        return top / (1.0 + np.exp(np.clip(-slope * (log_dose - middle), -60.0, 60.0)))

    log_doses = np.log(doses)
    middles = log_doses[0] - BEYOND, log_doses[-1] + BEYOND
    first = (np.clip(lysed.max(), 1e-3, 0.999), 1.0, 1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OptimizeWarning)  # a flat curve tells no error, and none is asked for
        try:
            fitted, _ = curve_fit(
                law, log_doses, lysed, p0=first, bounds=tuple(zip(TOPS, middles, SLOPES, strict=True))
            )
        except RuntimeError:  # no curve fits: there is no dose at half lysis
            return math.nan, math.nan
    return float(math.exp(fitted[1])), float(fitted[0])


def _ratio(found: Mapping[str, Values], what: int) -> float:
    return _curve(found, "FF")[what] / _curve(found, "VV")[what]


def _both(seed: int) -> list[Case]:
    return _doses("VV") + _doses("FF")


CLAIMS = (
    Claim(
        id="V7-VV", role="fit", unit="ng/mL", observed=0.96, lo=0.72, hi=1.20,
        text="half of the lysis by V/V NK cells needs 0.96 ng/mL",
        source="DallOzzo2004; assumed: within 25 %",
        cases=lambda seed: _doses("VV"), measure=lambda found: _curve(found, "VV")[0],
        paper="DallOzzo2004", likelihood=LogNormal.of_range(0.96, 0.72, 1.20),
    ),
    Claim(
        id="V7-FF", role="fit", unit="ng/mL", observed=4.02, lo=3.015, hi=5.025,
        text="half of the lysis by F/F NK cells needs 4.02 ng/mL",
        source="DallOzzo2004; assumed: within 25 %",
        cases=lambda seed: _doses("FF"), measure=lambda found: _curve(found, "FF")[0],
        paper="DallOzzo2004", likelihood=LogNormal.of_range(4.02, 3.015, 5.025),
    ),
    Claim(
        id="V7-ratio", role="fit", unit="1", observed=4.2, lo=3.2, hi=5.2,
        text="F/F NK cells need 4.2 times the dose",
        source="DallOzzo2004",
        cases=_both, measure=lambda found: _ratio(found, 0),
        paper="DallOzzo2004", told_by=("V7-VV", "V7-FF"),
    ),
    Claim(
        id="V7-plateau", role="fit", unit="1", observed=1.0, lo=0.85, hi=1.15,
        text="both genotypes reach the same plateau",
        source="DallOzzo2004; assumed: within 15 %",
        cases=_both, measure=lambda found: _ratio(found, 1),
        paper="DallOzzo2004", likelihood=LogNormal.of_range(1.0, 0.85, 1.15),
    ),
)  # fmt: skip
