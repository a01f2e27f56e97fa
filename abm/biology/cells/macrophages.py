"""Macrophages grown from monocytes: large and slow, and able to take up whole B cells that carry antibody.

*Model*: only some of them ever eat. How often they do, and how soon they have had enough, says the mechanism.

*References*: Pinney2020 (human and mouse macrophages eat opsonised lymphocytes); assumed ratio and share.
"""

from typing import ClassVar, Literal

from abm.core.cell_type import CellType, KeyOf, Shown
from abm.core.jit import kernel, prange
from abm.core.measure import Measure
from abm.core.par import par
from abm.core.population import Population
from abm.core.rng import uniform
from abm.core.table import Column


@kernel
def draw_phagocytes(is_phagocyte, uid, fraction, key):
    """Decide for life which macrophages eat."""
    for i in prange(is_phagocyte.size):
        is_phagocyte[i] = uniform(key, uid[i], 1) < fraction


class Macrophages(CellType):
    """The macrophages at the start, and any added later."""

    population: ClassVar = "macrophages"
    role: ClassVar = "effector"
    word: ClassVar = "macrophage"
    words: ClassVar = "macrophages"
    short: ClassVar = "macrophages"
    engaged_in: ClassVar = "busy_h"
    kept: ClassVar = ("is_phagocyte", "n_eaten", "n_kills", "busy_h", "cohort")
    shown: ClassVar = (
        Shown("n_eaten", "cells eaten", "", (0.0, 4.0)),
        Shown("busy_h", "busy for", "h", (0.0, 0.5)),
        Shown("n_kills", "kills"),
    )
    means: ClassVar = {"n_eaten": Measure("eaten_mean", "1", "B cells eaten per macrophage")}
    rel_size: ClassVar = 1.8
    kind: Literal["macrophages"] = "macrophages"
    columns: ClassVar = (
        Column("is_phagocyte", "b1", doc="eats at all"),
        Column("cohort", "i8", doc="0 at the start, then numbered by addition"),
    )

    per_b_cell: float = par(
        0.5, "1", "design: effector:target ratio", "Macrophages per B cell at the start", ge=0, le=1000
    )
    phagocyte_frac: float = par(0.7, "1", "assumed: 0.4-0.9", "Macrophages that eat", ge=0, le=1)

    def count(self, counts: dict[str, int]) -> int:
        """Return how many macrophages start the assay beside the targets."""
        asked = self.per_b_cell * counts.get("b_cells", 0)
        return max(1, round(asked)) if asked > 0.0 else 0

    def draw(self, population: Population, rows: slice, key_of: KeyOf) -> None:
        """Decide which of the new cells eat."""
        draw_phagocytes(population.is_phagocyte[rows], population.uid[rows], self.phagocyte_frac, key_of("macrophages"))
