"""Experiments that several papers share."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from abm.evidence.claim import B_CELLS, SIDE_UM, Case, Values
from abm.study.rows import REPLICATE

Gap = Callable[[Mapping[str, Values]], float]
RITUXIMAB, SERUM = {"rituximab": "10 ug/mL"}, {"serum": "25 %"}
LINE_HITS, PRIMARY_HITS = 0.6, 4.0  # assumed: median hits needed by lines and by primary cells
DONORS = {  # Ginaldi1998: CD20 per cell, mean and SD between donors
    "CLL": (65e3, 11e3),
    "MCL": (123e3, 51e3),
    "B-PLL": (129e3, 47e3),
    "SLVL": (167e3, 72e3),
    "HCL": (312e3, 110e3),
}
WITHIN_SIGMA = 0.4  # assumed: log-normal spread of CD20 within a sample
COHORT_SIGMA = 0.5  # assumed: log-normal spread of CD55 and CD59 in cohorts


def arm(*add: Mapping[str, Any], without: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return a treated arm."""
    return {"add": [dict(a) for a in add], "without": list(without)}


def alone(*add: Mapping[str, Any], without: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return a treated arm of which nothing is asked that needs a control."""
    return arm(*add, without=without) | {"control": "none"}


def cells(cd20_median: float, hits: float | None = None) -> dict[str, Any]:
    """Return B cells of one kind, without a CD20-low subset; lines are seen by NK cells without antibody in full."""
    own = {"populations.b_cells.cd20.median": cd20_median, "populations.b_cells.low_fraction": 0.0}
    natural = {"populations.b_cells.rel_natural": 1.0} if hits == LINE_HITS else {}
    return own | natural | ({} if hits is None else {"populations.b_cells.hits_needed.median": hits})


def donor_medians(disease: str, n_donors: int, seed: int) -> list[float]:
    """Draw the median CD20 of donors of a disease; log-normal between donors with the published mean and SD."""
    mean, sd = DONORS[disease]
    sigma = math.sqrt(math.log(1.0 + (sd / mean) ** 2))
    names = sorted(DONORS)
    drawn = np.random.default_rng([seed, names.index(disease)]).standard_normal(n_donors)
    return [float(m) for m in mean * np.exp(sigma * drawn - 0.5 * sigma**2 - 0.5 * WITHIN_SIGMA**2)]


def donor(name: str, cd20_median: float, place: int = 0) -> Case:
    """Return a complement assay on the cells of one donor, by place in a cohort: 25 % serum, 10 ug/mL, 4 h."""
    own = {
        "replicates": place + 1,
        REPLICATE: place,
        "duration": "4 h",
        "arms": {"serum": arm(RITUXIMAB, SERUM, without=("nk_cells",))},
        "populations.b_cells.cd55.sigma": COHORT_SIGMA,
        "populations.b_cells.cd59.sigma": COHORT_SIGMA,
    }
    return Case(name, 400, cells(cd20_median) | own)


def order(*gaps: Gap) -> dict[str, Gap]:
    """Return what a claim of an order measures, the share of gaps above 0, and what its likelihood is of, the least."""
    return {
        "measure": lambda found: float(np.mean([gap(found) > 0.0 for gap in gaps])),
        "at": lambda found: min(gap(found) for gap in gaps),
    }


def crowd(state: str, duration: str) -> list[Case]:
    """Return few NK cells of a state among many line-like targets at four times the well's density."""
    own = cells(152e3, LINE_HITS) | {
        "duration": duration,
        "populations.nk_cells.state": state,
        "populations.nk_cells.per_b_cell": 0.1,
        "arms": {"nk": alone(RITUXIMAB)},
    }
    return [Case("crowd", 4000, lambda n: own | {"space.side": f"{0.5 * SIDE_UM * (n / B_CELLS) ** 0.5} um"})]


def lysis(values: Values, name: str = "serum") -> float:
    """Return the specific lysis of an arm in percent."""
    return 100.0 * values[f"{name}.lysis"]
