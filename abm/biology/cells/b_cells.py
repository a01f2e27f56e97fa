"""B cells differ in CD20, in complement regulators and in the number of lytic hits they endure.

*Model*: CD20 at the set point, CD55, CD59, hits needed, IgM secretion and stored IgM are each ``median exp(sigma z)``
with a standard normal z of the cell's own; with chance ``low_fraction``, the CD20-low subset (hypothesis H-subset), a
cell has instead CD20 even between 0 and ``low_max_per_cell``. All CD20 is then multiplied by ``cd20_scale``, and begins
at its set point. Neither antibody, C3b nor MACs lie on a cell at first. CD20, CD55 and CD59 can also be those of cells
that were measured (:mod:`abm.biology.cells.measured`).

Fixed cells are engaged, hit, and bear C3b and MACs as live ones do, but never die of it nor of anything else, and
neither divide, secrete, take antibody in nor renew CD20; what survives of them is what is there.

*Assumes*: attributes are independent of one another and belong to a cell for life; a fixed cell is shaved, and loses
C3b and MACs, like a live one.

*References*: Ginaldi1998 (CD20 per cell: SLVL 167 000 +- 72 000, the stand-in for Waldenstroem cells).
"""

import math
from typing import ClassVar, Literal, Self

import numpy as np

from abm.biology.cells.lognormal import LogNormal, PositiveLogNormal, draw_lognormal
from abm.biology.cells.measured import Cd20, MeasuredCd20, draw_measured, faults_of
from abm.core.cell_type import CellType, KeyOf, Shown
from abm.core.errors import Fault
from abm.core.fate import MORTAL
from abm.core.jit import kernel, prange
from abm.core.par import par
from abm.core.population import Population
from abm.core.rng import uniform2
from abm.core.table import Column


@kernel
def draw_cd20(cd20, uid, low_fraction, low_max, key):
    """Replace the CD20 of the CD20-low subset."""
    for i in prange(cd20.size):
        u, v = uniform2(key, uid[i], 7)
        if u < low_fraction:
            cd20[i] = v * low_max


class Targets(CellType):
    """What the kinds of B cell have in common: all carry CD20."""

    population: ClassVar = "b_cells"
    role: ClassVar = "target"
    short: ClassVar = "b"
    kept: ClassVar = (
        "cd20_per_cell",
        "cd20_start_per_cell",
        "bound_per_cell",
        "c3b_per_cell",
        "mac_per_cell",
        "damage",
        "is_dying",
        "cohort",
    )
    shown: ClassVar = (
        Shown("cd20_per_cell", "CD20", "sites", (1e3, 1e6), is_log=True),
        Shown("bound_per_cell", "bound antibody", "molecules", (1e3, 1e6), is_log=True),
        Shown("c3b_per_cell", "C3b", "molecules", (1e3, 1e6), is_log=True),
        Shown("mac_per_cell", "MAC"),
        Shown("damage", "lytic hits"),
    )
    is_always_counted: ClassVar = True
    brings: ClassVar = ("pools.igm_g_per_L",)


class BCells(Targets):
    """The B cells at the start, and any added later."""

    word: ClassVar = "B cell"
    words: ClassVar = "B cells"
    kind: Literal["b_cells"] = "b_cells"
    columns: ClassVar = (
        *MORTAL,
        Column("cd20_per_cell", unit="1/cell", doc="CD20 sites", recorded="cd20_per_cell", splits=True),
        Column(
            "cd20_start_per_cell", unit="1/cell", doc="the cell's own set point of CD20", recorded="cd20_start_per_cell"
        ),
        Column("cd55", default=1.0, doc="CD55 relative to the median cell"),
        Column("cd59", default=1.0, doc="CD59 relative to the median cell"),
        Column("hits_needed", default=1.0, doc="lytic hits that commit the cell"),
        Column("igm_per_s", unit="1/s", doc="IgM molecules secreted per second"),
        Column("igm_stored_per_cell", unit="1/cell", doc="IgM released at lysis", spills="igm_released", splits=True),
        Column("cohort", "i8", doc="0 at the start, then numbered by addition", recorded="cohort"),
    )

    n: int = par(
        10_000, "1", "design: usual number in a 96-well cytotoxicity assay", "Cells at the start", ge=0, le=10**8
    )
    cd20: Cd20 = LogNormal(median=152_000.0, sigma=0.4)
    low_fraction: float = par(0.12, "1", "assumed: H-subset, 5-15 % of the clone", "CD20-low fraction", ge=0, le=1)
    low_max_per_cell: float = par(
        4_000.0, "1/cell", "assumed: 0-4 000 sites", "Most CD20 of a CD20-low cell", ge=0, le=1e5
    )
    cd20_scale: float = par(
        1.0, "1", "design: laboratories disagree up to 7-fold (Ginaldi1998)", "Factor on all CD20", ge=0.15, le=1.5
    )
    cd55: PositiveLogNormal = PositiveLogNormal(median=1.0, sigma=0.47)
    cd59: PositiveLogNormal = PositiveLogNormal(median=1.0, sigma=0.31)
    hits_needed: LogNormal = LogNormal(median=4.0, sigma=1.2)
    rel_natural: float = par(
        1.0, "1", "design: a line", "What NK cells see without antibody, relative to a line", ge=0, le=1
    )
    is_fixed: bool = False
    igm_per_s: LogNormal = LogNormal(median=100.0, sigma=0.5)
    igm_stored_per_cell: LogNormal = LogNormal(median=1e6, sigma=0.5)

    @property
    def lives(self) -> bool | np.ndarray:
        """Whether they are not fixed."""
        return np.logical_not(self.is_fixed)

    def count(self, counts: dict[str, int]) -> int:
        """Return how many cells start the assay."""
        return self.n

    def fewer(self, n: int) -> Self:
        """Return them with ``n`` cells at the start."""
        return self.model_copy(update={"n": n})

    def faults(self) -> list[Fault]:
        """Refuse what measured cells bring themselves."""
        return faults_of(self.cd20, self.low_fraction, self.columns)

    def draw(self, population: Population, rows: slice, key_of: KeyOf) -> None:
        """Give new cells their attributes."""
        key, uid = key_of("b_cells"), population.uid[rows]
        spreads = (
            ("cd20_start_per_cell", self.cd20),
            ("cd55", self.cd55),
            ("cd59", self.cd59),
            ("hits_needed", self.hits_needed),
            ("igm_per_s", self.igm_per_s),
            ("igm_stored_per_cell", self.igm_stored_per_cell),
        )
        for decision, (column, spread) in enumerate(spreads, start=1):
            if isinstance(spread, LogNormal):
                draw_lognormal(population[column][rows], uid, spread.median, spread.sigma, decision, key)
        if isinstance(self.cd20, MeasuredCd20):
            draw_measured(population, rows, self.cd20, key)
            for column in {"cd55", "cd59"} & set(self.cd20.channels):
                population[column][rows] *= dict(spreads)[column].median
        if self.is_fixed:
            population.hits_needed[rows], population.igm_per_s[rows] = math.inf, 0.0
        cd20 = population.cd20_start_per_cell[rows]
        draw_cd20(cd20, uid, self.low_fraction, self.low_max_per_cell, key)
        cd20 *= self.cd20_scale
        population.cd20_per_cell[rows] = cd20
