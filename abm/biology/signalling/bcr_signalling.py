"""Surface IgM signals through BTK; strong surface IgM signals past it.

*Model*: with m the surface IgM relative to 65 MFI, the signal without drug is ``s0 = m / (m + m50)``; with a share f of
BTK free ``s = s0 [f + (1 - f) beta s0]``, never above s0, so that inhibition ``1 - s / s0 = (1 - f)(1 - beta s0)``
falls with s0. Cells with the C481S mutation, whose BTK ibrutinib cannot hold, keep s0. Surface IgM falls on contact
with antigen in tissue and recovers in blood: ``m' = k [m_start (1 + g (share in blood - share at the start)) - m]``.
The share is that at the start of each step; over many steps at once it goes on as it did of late, and the signal is the
mean of the steps. Calcium mobilisation of a patient's cells at the start is ``100 s0`` with a normal error of
measurement.

*Reads*: accessible_cells (blood), niche_cells (tissue), to_blood_per_h, c481s, pools.btk_free. *Writes*: surface_igm,
signal, signal_rel.

*References*: Chiodin2022 (medians 65 MFI and 47 %, r = 0.70; less inhibition in cells that signal more, r = -0.68);
assumed: recovery and what it reaches.
"""

from typing import Any, ClassVar, Literal

import numpy as np

from abm.biology.columns import (
    C481S,
    IGM_SCORE,
    NOT_DRAWN,
    SIGNAL,
    SIGNAL_REL,
    SURFACE_IGM,
    SURFACE_IGM_START,
    TO_BLOOD,
)
from abm.core.jit import device, kernel, prange
from abm.core.par import par
from abm.core.population import Population
from abm.core.process import Phase, Process
from abm.core.rng import Key, normal
from abm.core.series import exp
from abm.core.world import World

REFERENCE_MFI = 65.0  # Chiodin2022: the median patient
NOWHERE = np.empty(0)


@device
def draw_scores(score, uid, key):
    """Give cells without one a normal score; most have one, and to count the others costs next to nothing."""
    n_new = 0
    for i in range(score.size):
        n_new += score[i] == NOT_DRAWN
    for i in range(score.size if n_new else 0):
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


@device
def set_aims(rel_aim, rise, blood, tissue, to_blood, law):
    """Write 1 plus the gain of being in blood more than at the start, and by how much that rises in each step."""
    gain, at_start, tick_h, n = law[0], law[1], law[2], law[3]
    rel_aim[:], rise[:] = 1.0, 0.0
    for i in range(blood.size):
        total = blood[i] + tissue[i]
        share = blood[i] / total if total > 0.0 else at_start
        rel_aim[i] = 1.0 + gain * (share - at_start)
        rise[i] = gain * max(-share / n, min(to_blood[i] * tick_h, (1.0 - share) / n))


@device
def course(kept, n):
    """Return what is left of the start after n steps and what is gained of a rise, and the means of the steps."""
    left, gained, mean_left, mean_gained = 1.0, 0.0, 0.0, 0.0
    for k in range(n):
        left, gained = left * kept, gained * kept + k * (1.0 - kept)
        mean_left, mean_gained = mean_left + left / n, mean_gained + gained / n
    return left, gained, mean_left, mean_gained


@device
def relax(surface_igm, mean, start, rel_aim, rise, passed):
    """Relax towards the set point times ``rel_aim``, and write the mean of the steps; new cells are at the first."""
    left, gained, mean_left, mean_gained = passed
    for i in range(mean.size):
        now = surface_igm[i] if surface_igm[i] > 0.0 else start[i]
        aim, more = start[i] * rel_aim[i], start[i] * rise[i]
        mean[i] = aim + (now - aim) * mean_left + more * mean_gained
        surface_igm[i] = aim + (now - aim) * left + more * gained


@device
def transduce(signal, signal_rel, surface_igm, c481s, half, bypass, free):
    """Set signal, and signal relative to that without drug."""
    past_btk = (1.0 - free) * bypass
    for i in range(signal.size):
        s0 = surface_igm[i] / (surface_igm[i] + half)
        rel = min(1.0, free + past_btk * s0)
        rel = 1.0 if c481s[i] > 0.0 else rel
        signal[i], signal_rel[i] = s0 * rel, rel


@kernel
def signal_on(signal, signal_rel, surface_igm, start, c481s, blood, tissue, to_blood, first, laws):
    """Let surface IgM follow where the cells are, if that is known, and signal.

    The law of a subject are gain in blood, share in blood at the start, step, number of steps, part kept in a step,
    half signal, signal past BTK and free BTK.
    """
    for s in prange(first.size - 1):
        rows, law = slice(first[s], first[s + 1]), laws[s]
        n = rows.stop - rows.start
        mean, rel_aim, rise = np.empty(n), np.empty(n), np.empty(n)
        set_aims(rel_aim, rise, blood[rows], tissue[rows], to_blood[rows], law)
        relax(surface_igm[rows], mean, start[rows], rel_aim, rise, course(law[4], int(law[3])))
        transduce(signal[rows], signal_rel[rows], mean, c481s[rows], law[5], law[6], law[7])


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
    may_wait_h: ClassVar = 336.0  # design: two weeks; twice as long moves no level by 1 in 1000
    columns: ClassVar = (SURFACE_IGM, SURFACE_IGM_START, IGM_SCORE, SIGNAL, SIGNAL_REL, C481S, TO_BLOOD)
    reads: ClassVar = (
        "b_cells.accessible_cells",
        "b_cells.niche_cells",
        "b_cells.to_blood_per_h",
        "b_cells.c481s",
        "pools.btk_free",
    )
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
        draw_errors(error, world.key("calcium"))
        self._draw(world, b)
        b.surface_igm[:] = b.surface_igm_start
        m = self.surface_igm_mfi / REFERENCE_MFI
        world.pools["surface_igm_MFI"] = self.surface_igm_mfi
        calcium = 100.0 * m / (m + self.m50) + self.calcium_sd * error
        world.pools["calcium_percent"] = np.clip(calcium, 0.0, 100.0)
        self._signal(world, b, 1.0, 1)

    def step(self, world: World, key: Key) -> None:
        """Let surface IgM follow where cells are, and signal."""
        b, n_steps = world.populations["b_cells"], world.n_steps
        self._draw(world, b)
        self._signal(world, b, np.exp(-self.recovery * world.dt_h / n_steps), n_steps)

    def _draw(self, world: World, b: Population) -> None:
        law = world.each(self.surface_igm_mfi / REFERENCE_MFI), world.each(self.sigma)
        streams, _ = world.key("cells.surface_igm")
        set_points(b.surface_igm_start, b.igm_score, b.uid, b.first, *law, (streams, np.uint32(0)))

    def _signal(self, world: World, b: Population, kept: Any, n_steps: int) -> None:
        where, in_blood = (NOWHERE, NOWHERE, NOWHERE), 0.0
        if "niche_cells" in b:
            where = b.accessible_cells, b.niche_cells, b.to_blood_per_h
            in_blood = 1.0 - world.cell_types["b_cells"].niche_frac
        place, free = (self.gain_in_blood, in_blood), world.pools.amounts.get("btk_free", self.btk_free)
        laws = world.laws(*place, world.dt_h / n_steps, n_steps, kept, self.m50, self.bypass, free)
        signal_on(b.signal, b.signal_rel, b.surface_igm, b.surface_igm_start, b.c481s, *where, b.first, laws)
