"""Surface IgM signals through BTK; strong surface IgM signals past it.

*Model*: with m the surface IgM relative to 65 MFI, the signal without drug is ``s0 = m / (m + m50)``; with a share f of
BTK free ``s = s0 [f + (1 - f) beta s0]``, never above s0, so that inhibition ``1 - s / s0 = (1 - f)(1 - beta s0)``
falls with s0. Cells with the C481S mutation, whose BTK ibrutinib cannot hold, keep s0. Surface IgM falls on contact
with antigen in tissue and recovers in blood: ``m' = k [m_start (1 + g (share in blood - share at the start)) - m]``.
Calcium mobilisation of a patient's cells at the start is ``100 s0`` with a normal error of measurement.

*Reads*: accessible_cells (blood), niche_cells (tissue), c481s, pools.btk_free. *Writes*: surface_igm, signal,
signal_rel.

*References*: Chiodin2022 (medians 65 MFI and 47 %, r = 0.70; less inhibition in cells that signal more, r = -0.68);
assumed: recovery and what it reaches.
"""

import math
from typing import ClassVar, Literal

import numpy as np

from abm.biology.columns import C481S, IGM_SCORE, NOT_DRAWN, SIGNAL, SIGNAL_REL, SURFACE_IGM, SURFACE_IGM_START
from abm.core.jit import kernel, prange
from abm.core.par import par
from abm.core.population import Population
from abm.core.process import Phase, Process
from abm.core.rng import Key, normal
from abm.core.world import World

REFERENCE_MFI = 65.0  # Chiodin2022: the median patient


@kernel
def set_points(start, score, uid, median, sigma, key):
    """Give cells without one a normal score, and all the surface IgM that belongs to theirs."""
    for i in prange(score.size):
        if score[i] == NOT_DRAWN:
            score[i] = normal(key, uid[i], 1)
        start[i] = median * math.exp(sigma * score[i])


@kernel
def relax(surface_igm, start, more, kept):
    """Relax towards the set point times 1 + more; new cells are at it."""
    for i in prange(surface_igm.size):
        aim = start[i] * (1.0 + more[i])
        surface_igm[i] = aim + (surface_igm[i] - aim) * kept if surface_igm[i] > 0.0 else start[i]


@kernel
def transduce(signal, signal_rel, surface_igm, c481s, m50, bypass, free):
    """Set signal, and signal relative to that without drug."""
    for i in prange(signal.size):
        s0 = surface_igm[i] / (surface_igm[i] + m50)
        rel = 1.0 if c481s[i] > 0.0 else min(1.0, free + (1.0 - free) * bypass * s0)
        signal[i], signal_rel[i] = s0 * rel, rel


class BcrSignalling(Process):
    """Signal of each cell, or of each subclone, through surface IgM."""

    kind: Literal["bcr_signalling"] = "bcr_signalling"
    phase: ClassVar = Phase.SENSE
    scale: ClassVar = "both"
    columns: ClassVar = (SURFACE_IGM, SURFACE_IGM_START, IGM_SCORE, SIGNAL, SIGNAL_REL, C481S)
    reads: ClassVar = ("b_cells.accessible_cells", "b_cells.niche_cells", "b_cells.c481s", "pools.btk_free")
    writes: ClassVar = (
        "b_cells.surface_igm",
        "b_cells.surface_igm_start",
        "b_cells.igm_score",
        "b_cells.signal",
        "b_cells.signal_rel",
        "pools.surface_igm_MFI",
        "pools.calcium_percent",
    )

    sets: ClassVar = ("b_cells.signal", "b_cells.signal_rel")

    surface_igm_mfi: float = par(65.0, "1", "Chiodin2022", "Surface IgM of the median cell, MFI", gt=0, le=1e5)
    sigma: float = par(0.58, "1", "fitted: on L2, below that between patients", "Log-SD between cells", ge=0, le=3)
    m50: float = par(1.1, "1", "Chiodin2022; assumed: median calcium 47 %", "Half signal, in 65 MFI", gt=0, le=100)
    bypass: float = par(0.95, "1", "fitted: on L2, range 0-1", "Signal past BTK of strong surface IgM", ge=0, le=1)
    btk_free: float = par(1.0, "1", "design: cells without drug", "Free BTK in a culture", ge=0, le=1)
    recovery: float = par("0.5 /d", "1/h", "assumed: some days", "Recovery of surface IgM", ge=0, le=10)
    gain_in_blood: float = par(0.5, "1", "assumed: half more", "Surface IgM of cells that stay in blood", ge=0, le=10)
    calcium_sd: float = par(12.0, "1", "assumed: error of measurement", "SD of calcium mobilisation, %", ge=0, le=100)

    def begin(self, world: World) -> None:
        """Draw surface IgM, and record what is measured of the patient at the start."""
        b, score = world.populations["b_cells"], normal(world.key("calcium"), np.uint64(0), 1)
        self._draw(world, b)
        b.surface_igm[:] = b.surface_igm_start
        m = self.surface_igm_mfi / REFERENCE_MFI
        world.pools["surface_igm_MFI"] = self.surface_igm_mfi
        calcium = 100.0 * m / (m + self.m50) + self.calcium_sd * score
        world.pools["calcium_percent"] = min(100.0, max(0.0, calcium))
        self._transduce(world, b)

    def step(self, world: World, key: Key) -> None:
        """Let surface IgM follow where cells are, and signal."""
        b = world.populations["b_cells"]
        self._draw(world, b)
        relax(b.surface_igm, b.surface_igm_start, self._more(world, b), math.exp(-self.recovery * world.dt_h))
        self._transduce(world, b)

    def _draw(self, world: World, b: Population) -> None:
        key = (world.key("cells.surface_igm")[0], np.uint32(0))
        set_points(b.surface_igm_start, b.igm_score, b.uid, self.surface_igm_mfi / REFERENCE_MFI, self.sigma, key)

    def _more(self, world: World, b: Population) -> np.ndarray:
        """Return how much more than at the start each cell is in blood, times what that gives."""
        if "niche_cells" not in b:
            return np.zeros(b.n)
        total = b.accessible_cells + b.niche_cells
        at_start = 1.0 - world.cell_types["b_cells"].niche_frac
        share = np.divide(b.accessible_cells, total, out=np.full(b.n, at_start), where=total > 0.0)
        return self.gain_in_blood * (share - at_start)

    def _transduce(self, world: World, b: Population) -> None:
        free = world.pools.amounts.get("btk_free", self.btk_free)
        transduce(b.signal, b.signal_rel, b.surface_igm, b.c481s, self.m50, self.bypass, free)
