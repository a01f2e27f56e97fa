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

from typing import ClassVar, Literal

import numpy as np

from abm.biology.columns import C481S, IGM_SCORE, NOT_DRAWN, SIGNAL, SIGNAL_REL, SURFACE_IGM, SURFACE_IGM_START
from abm.core.jit import device, kernel, prange
from abm.core.par import par
from abm.core.population import Population
from abm.core.process import Phase, Process
from abm.core.rng import Key, normal, of_each
from abm.core.series import exp
from abm.core.world import World

REFERENCE_MFI = 65.0  # Chiodin2022: the median patient


@device
def draw_scores(score, uid, key):
    """Give cells without one a normal score."""
    for i in range(score.size):
        if score[i] == NOT_DRAWN:
            score[i] = normal(key, uid[i], 1)


@kernel
def set_points(start, score, uid, first, median, sigma, key):
    """Give cells without one a normal score, and all the surface IgM that belongs to theirs."""
    for s in prange(median.size):
        rows = slice(first[s], first[s + 1])
        draw_scores(score[rows], uid[rows], (key[0][s], key[1]))
        own, own_score, middle, spread = start[rows], score[rows], median[s], sigma[s]
        for i in range(own.size):
            own[i] = middle * exp(spread * own_score[i])


@kernel
def move_aims(rel_aim, blood, tissue, first, gain, in_blood):
    """Write 1 plus the gain of being in blood more than at the start."""
    for s in prange(gain.size):
        rows, more, at_start = slice(first[s], first[s + 1]), gain[s], in_blood[s]
        aim, own_blood, own_tissue = rel_aim[rows], blood[rows], tissue[rows]
        for i in range(aim.size):
            total = own_blood[i] + own_tissue[i]
            share = own_blood[i] / total if total > 0.0 else at_start
            aim[i] = 1.0 + more * (share - at_start)


@kernel
def relax(surface_igm, start, rel_aim, first, kept):
    """Relax towards the set point times ``rel_aim``; new cells are at it."""
    for s in prange(kept.size):
        rows, left = slice(first[s], first[s + 1]), kept[s]
        now, at_start, rel = surface_igm[rows], start[rows], rel_aim[rows]
        for i in range(now.size):
            aim = at_start[i] * rel[i]
            later = aim + (now[i] - aim) * left
            now[i] = later if now[i] > 0.0 else at_start[i]


@kernel
def transduce(signal, signal_rel, surface_igm, c481s, first, m50, bypass, free):
    """Set signal, and signal relative to that without drug."""
    for s in prange(free.size):
        rows, half, by_btk, past_btk = slice(first[s], first[s + 1]), m50[s], free[s], (1.0 - free[s]) * bypass[s]
        own, own_rel, igm, mutated = signal[rows], signal_rel[rows], surface_igm[rows], c481s[rows]
        for i in range(own.size):
            s0 = igm[i] / (igm[i] + half)
            rel = min(1.0, by_btk + past_btk * s0)
            rel = 1.0 if mutated[i] > 0.0 else rel
            own[i], own_rel[i] = s0 * rel, rel


@kernel
def draw_errors(error, key):
    """Draw one normal number for each subject."""
    for s in prange(error.size):
        error[s] = normal((key[0][s], key[1]), np.uint64(0), 1)


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
        b, error = world.populations["b_cells"], np.empty(world.n_subjects)
        draw_errors(error, of_each(world.key("calcium")))
        self._draw(world, b)
        b.surface_igm[:] = b.surface_igm_start
        m = self.surface_igm_mfi / REFERENCE_MFI
        world.pools["surface_igm_MFI"] = self.surface_igm_mfi
        calcium = 100.0 * m / (m + self.m50) + self.calcium_sd * error
        world.pools["calcium_percent"] = np.clip(calcium, 0.0, 100.0)
        self._transduce(world, b)

    def step(self, world: World, key: Key) -> None:
        """Let surface IgM follow where cells are, and signal."""
        b = world.populations["b_cells"]
        self._draw(world, b)
        kept = world.each(np.exp(-self.recovery * world.dt_h))
        relax(b.surface_igm, b.surface_igm_start, self._rel_aim(world, b), b.first, kept)
        self._transduce(world, b)

    def _draw(self, world: World, b: Population) -> None:
        law = world.each(self.surface_igm_mfi / REFERENCE_MFI), world.each(self.sigma)
        streams, _ = of_each(world.key("cells.surface_igm"))
        set_points(b.surface_igm_start, b.igm_score, b.uid, b.first, *law, (streams, np.uint32(0)))

    def _rel_aim(self, world: World, b: Population) -> np.ndarray:
        rel_aim = np.ones(b.n)
        if "niche_cells" in b:
            law = world.each(self.gain_in_blood), world.each(1.0 - world.cell_types["b_cells"].niche_frac)
            move_aims(rel_aim, b.accessible_cells, b.niche_cells, b.first, *law)
        return rel_aim

    def _transduce(self, world: World, b: Population) -> None:
        law = self.m50, self.bypass, world.pools.amounts.get("btk_free", self.btk_free)
        transduce(b.signal, b.signal_rel, b.surface_igm, b.c481s, b.first, *map(world.each, law))
