"""Beurskens 2012: dense cells, challenged twice, are killed best at an intermediate dose: more wastes complement."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from abm.evidence.claim import Case, Claim, Values
from abm.evidence.protocols import arm, cells, order
from abm.inference.measured import Ordered

DOSES_UG_PER_ML = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
CELLS_PER_UL = 1e4
TOLD = 0.05  # assumed: difference of two killed shares that such an assay tells


def _challenged(serum_percent: float) -> Callable[[int], list[Case]]:
    """1e7 primary-like cells per mL, as many again after 1 h, 2 h in all."""

    def at(n: int) -> dict[str, Any]:
        second = {"b_cells": n, "at": "1 h"}
        arms = {
            f"dose_{k}": arm(
                {"rituximab": f"{x} ug/mL"}, {"serum": f"{serum_percent} %"}, second, without=("nk_cells",)
            )
            for k, x in enumerate(DOSES_UG_PER_ML)
        }
        own = {"duration": "2 h", "space.volume": f"{n / CELLS_PER_UL} uL", "arms": arms}
        return cells(150e3) | own

    return lambda seed: [Case("twice", 400, at)]


def _optimum(found: Mapping[str, Values]) -> float:
    """Return by how much the best dose between kills more than both ends, over what it kills, in units told apart."""
    killed = np.array([1.0 - found["twice"][f"dose_{k}.survival"] for k in range(len(DOSES_UG_PER_ML))])
    best = killed[1:-1].max()
    return float((best - killed[[0, -1]].max()) / max(best, 1e-6) / TOLD)


CLAIMS = (
    *(
        Claim(
            id=f"N7-{percent:g}", role="fit", unit="in order", observed=1.0, lo=0.99, hi=1.01,
            text=f"in {percent:g} % serum two lots of dense cells are killed best by a dose between 0.3 and 30 ug/mL",
            source="Beurskens2012",
            cases=_challenged(percent), **order(_optimum),
            paper="Beurskens2012", likelihood=Ordered(),
        )
        for percent in (10.0, 50.0)
    ),
)  # fmt: skip
