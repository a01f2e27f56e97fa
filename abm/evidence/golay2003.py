"""Golay 2003: lysis at the highest effector:target ratio, by purified resting NK, mononuclear cells and expanded NK."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from abm.evidence.claim import Case, Claim, Values
from abm.evidence.protocols import LINE_HITS, PRIMARY_HITS, RITUXIMAB, arm, cells, lysis
from abm.inference.measured import Normal

RESTING: Mapping[str, Any] = {"state": "resting", "per_b_cell": 50.0}


def _highest(cd20_median: float, hits: float, effectors: Mapping[str, Any] = RESTING) -> Callable[[int], list[Case]]:
    own = {"duration": "4 h", "arms": {"nk": arm(RITUXIMAB)}}
    own |= {f"populations.nk_cells.{name}": value for name, value in effectors.items()}
    return lambda seed: [Case("highest", 600, cells(cd20_median, hits) | own)]


def _by(name: str, effectors: Mapping[str, Any] = RESTING) -> Callable[[int], list[Case]]:
    """Return the case of primary leukaemic cells with effectors of a kind."""
    own = _highest(65e3, PRIMARY_HITS, effectors)
    return lambda seed: [Case(name, case.n, case.point) for case in own(seed)]


PBMC, NK = _by("pbmc", {"state": "pbmc", "per_b_cell": 50.0}), _by("nk")


def _per_nk(found: Mapping[str, Values]) -> float:
    """Return the hazard of fifty NK cells over that of the six among fifty mononuclear cells."""
    many, few = (-math.log(max(1.0 - lysis(found[name], "nk") / 100.0, 1e-6)) for name in ("nk", "pbmc"))
    return many / max(few, 1e-6)


CLAIMS = (
    Claim(
        id="V8-lines", role="fit", unit="%", observed=70.0, lo=60.0, hi=80.0,
        text="resting NK cells at 50:1 lyse 70 % of lines in 4 h",
        source="Golay2003",
        cases=_highest(100e3, LINE_HITS), measure=lambda found: lysis(found["highest"], "nk"),
        paper="Golay2003", likelihood=Normal.of_range(70.0, 60.0, 80.0),
    ),
    Claim(
        id="V8-primary", role="fit", unit="%", observed=27.0, lo=19.0, hi=35.0,
        text="resting NK cells at 50:1 lyse 27 % of primary cells in 4 h",
        source="Golay2003",
        cases=_highest(65e3, PRIMARY_HITS), measure=lambda found: lysis(found["highest"], "nk"),
        paper="Golay2003", likelihood=Normal.of_range(27.0, 19.0, 35.0),
    ),
    Claim(
        id="N1-PBMC", role="fit", unit="%", observed=4.0, lo=0.0, hi=13.8,
        text="fresh mononuclear cells at 50:1, six of them NK, lyse 4 % of primary cells in 4 h",
        source="Golay2003; assumed: SD 5 points",
        cases=PBMC, measure=lambda found: lysis(found["pbmc"], "nk"),
        paper="Golay2003", likelihood=Normal(4.0, 5.0),
    ),
    Claim(
        id="N1-IL2-PBMC", role="fit", unit="%", observed=57.0, lo=41.0, hi=73.0,
        text="mononuclear cells kept in IL-2, at 50:1, lyse 57 %",
        source="Golay2003; assumed: SD 8 points",
        cases=_by("pbmc", {"state": "il2_pbmc", "per_b_cell": 50.0}), measure=lambda found: lysis(found["pbmc"], "nk"),
        paper="Golay2003", likelihood=Normal(57.0, 8.0),
    ),
    Claim(
        id="N1-expanded", role="fit", unit="%", observed=67.0, lo=51.0, hi=83.0,
        text="expanded NK cells, 45 for each target, lyse 67 %",
        source="Golay2003; assumed: SD 8 points",
        cases=_by("nk", {"state": "il2", "per_b_cell": 45.0, "bystanders_per_b_cell": 5.0}),
        measure=lambda found: lysis(found["nk"], "nk"),
        paper="Golay2003", likelihood=Normal(67.0, 8.0),
    ),
    Claim(
        id="N2", role="fit", unit="1", observed=7.7, lo=5.0, hi=12.0,
        text="fifty resting NK cells for each target kill 7.7 times as fast as six",
        source="Golay2003; assumed: from five times on",
        cases=lambda seed: [*PBMC(seed), *NK(seed)], measure=_per_nk,
        paper="Golay2003", told_by=("N1-PBMC", "V8-primary"),
    ),
)  # fmt: skip
