"""Effector cells in the marrow kill coated B cells, brighter ones faster, and tire while they do.

*Model*: hazard ``rate g NK phi (CD20 / reference)^p / (1 + B / saturation_cells)`` in the accessible marrow,
``rel_niche`` of it in the niche; ``g`` by FCGR3A genotype (``rel_vv``, ``rel_vf``, ``rel_ff``), ``NK`` the mean of
potency times granules over the effector cells, ``phi`` the drug effect, p = ``cd20_power``, reference =
``reference_cd20_per_cell`` of the clone, B all its B cells. Cells fall by ``exp(-hazard dt)``, all that enters held;
where less than half a cell of the whole clone, of both places together, would die in a step, none does. Every cell
killed uses up a share of the reserve: granules fall by ``exp(-killed / kills_to_tire)``. With ``kills_to_exhaust`` a
part never comes back: the hazard falls by ``exp(-killed / kills_to_exhaust)`` of all killed.

*Reads*: CD20, pools.drug_effect, nk_cells.potency. *Writes*: accessible_cells, niche_cells, granules.

*References*: Treon2005 (FCGR3A-158 V/V and V/F respond better than F/F); assumed rate and saturation.
"""

from typing import ClassVar, Literal

import numpy as np

from abm.biology.antibody.places import antibodies
from abm.biology.columns import GRANULES
from abm.core.jit import device, kernel, prange
from abm.core.par import par
from abm.core.pools import is_any
from abm.core.population import sum_rows
from abm.core.process import Phase, Process
from abm.core.rng import Key
from abm.core.series import exp, expm1, log
from abm.core.world import World

FEWEST_CELLS = 0.5  # design: who kills less in a step kills nobody


@device
def expose(own, cd20, reference, power, exposure):
    """Write hazard times time of each subclone."""
    log_reference, without_cd20 = log(reference), exposure * 0.0**power
    for i in range(own.size):
        own[i] = power * (log(cd20[i]) - log_reference)
    for i in range(own.size):
        own[i] = exposure * exp(own[i]) if cd20[i] > 0.0 else without_cd20


@device
def lose(cells, lost, own, rel_hazard):
    """Take away what dies, and return how many cells that is in all."""
    for i in range(lost.size):
        lost[i] = -cells[i] * expm1(-rel_hazard * own[i])
        cells[i] -= lost[i]
    return sum_rows(lost, 0, lost.size)


@kernel
def kill_cells(accessible_cells, niche_cells, killed, cd20, effect, first, laws):
    """Reduce both compartments of each subclone by an effect.

    The law of a patient are the hazard times time at the reference CD20, the power of CD20, the hazard in the niche
    relative to that, the reference CD20, and the burden that halves the hazard.
    """
    for s in prange(killed.size):
        killed[s], law, rows = 0.0, laws[s], slice(first[s], first[s + 1])
        accessible, niche, n = accessible_cells[rows], niche_cells[rows], first[s + 1] - first[s]
        burden = sum_rows(accessible, 0, n) + sum_rows(niche, 0, n)
        exposure = law[0] * effect[s] / (1.0 + burden / law[4])
        if exposure * burden > FEWEST_CELLS:
            own, lost = np.empty(n), np.empty(n)
            expose(own, cd20[rows], law[3], law[1], exposure)
            killed[s] = lose(accessible, lost, own, 1.0) + lose(niche, lost, own, law[2])


class MarrowKilling(Process):
    """Killing in the marrow by effector cells."""

    kind: Literal["marrow_killing"] = "marrow_killing"
    phase: ClassVar = Phase.ACT
    scale: ClassVar = "body"
    columns: ClassVar = (GRANULES,)
    reads: ClassVar = (
        "b_cells.cd20_per_cell",
        "pools.drug_effect",
        "nk_cells.potency",
        "properties.antibodies",
        "properties.covariates",
    )
    writes: ClassVar = ("b_cells.accessible_cells", "b_cells.niche_cells", "nk_cells.granules", "pools.cells_killed")

    rate: float = par("0.15 /d", "1/h", "assumed: CV 40 % between patients", "Highest kill rate", ge=0, le=10)
    rel_vv: float = par(1.3, "1", "assumed: from response by genotype", "V/V relative to the rate", ge=0, le=10)
    rel_vf: float = par(1.1, "1", "assumed: from response by genotype", "V/F relative to the rate", ge=0, le=10)
    rel_ff: float = par(0.5, "1", "assumed: from response by genotype", "F/F relative to the rate", ge=0, le=10)
    cd20_power: float = par(0.7, "1", "assumed: between none and in proportion", "Power of CD20", ge=0, le=3)
    saturation_cells: float = par(
        1.5e11, "1", "assumed: the larger the burden, the slower", "Burden that halves the rate", gt=0, le=1e18
    )
    rel_niche: float = par(0.025, "1", "assumed: protected", "Hazard in the niche", ge=0, le=1)
    kills_to_tire: float = par(
        1e12, "1", "assumed: effector exhaustion in the weeks of a course", "Kills that leave 37 % of the reserve",
        gt=0, le=1e20,
    )  # fmt: skip
    kills_to_exhaust: float | None = par(
        None, "1", "design: exhaustion passes unless given; assumed", "Kills that leave 37 % for good", gt=0, le=1e20
    )

    def prepare(self, world: World) -> None:
        """Make the ledger."""
        world.pools.declare("cells_killed")

    def is_idle(self, world: World) -> bool:
        """Without an antibody."""
        return not antibodies(world)

    def step(self, world: World, key: Key) -> None:
        """Kill for one step."""
        b, nk, effect = world.populations["b_cells"], world.populations.get("nk_cells"), world.pools["drug_effect"]
        if not is_any(effect > 0.0):
            return
        if nk is not None:
            reserve = nk.sums(nk.potency, nk.granules) / np.maximum(nk.n_each, 1)
            effect = effect * np.where(nk.n_each > 0, reserve, 1.0)
        if self.kills_to_exhaust is not None:
            effect = effect * np.exp(-world.pools["cells_killed"] / self.kills_to_exhaust)
        killed = np.empty(world.n_subjects)
        cells = b.accessible_cells, b.niche_cells, killed, b.cd20_per_cell
        kill_cells(*cells, world.each(effect), b.first, world.law(self, self._law))
        world.pools.add("cells_killed", killed)
        if nk is not None:
            nk.granules[:] *= np.repeat(np.exp(-killed / self.kills_to_tire), nk.n_each)

    def _law(self, world: World) -> np.ndarray:
        """Return the law of each patient, that of the genotype in it."""
        genotype, reference = world.properties["covariates"].fcgr3a, world.cell_types["b_cells"].reference_cd20_per_cell
        own = np.where(genotype == "VV", self.rel_vv, np.where(genotype == "VF", self.rel_vf, self.rel_ff))
        exposure = self.rate * own * world.dt_h
        return world.laws(exposure, self.cd20_power, self.rel_niche, reference, self.saturation_cells)
