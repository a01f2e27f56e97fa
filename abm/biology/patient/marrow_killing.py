"""Effector cells in the marrow kill coated B cells, brighter ones faster, and tire while they do.

*Model*: hazard ``kmax g NK phi (CD20 / reference)^p / (1 + B / B_sat)`` in the accessible marrow, ``rel_niche`` of it
in the niche; ``g`` by FCGR3A genotype, ``NK`` the mean potency times reserve of the effector cells, ``phi`` the drug
effect. Every cell killed uses up a share of the reserve: ``dE = -E killed / kills_to_tire``.

*Reads*: CD20, pools.drug_effect, nk_cells.potency. *Writes*: accessible_cells, niche_cells, granules.

*References*: Treon2005 (FCGR3A-158 V/V and V/F respond better than F/F); assumed rate and saturation.
"""

import math
from typing import ClassVar, Literal

import numpy as np

from abm.biology.columns import GRANULES
from abm.biology.covariates import Genotype
from abm.core.jit import kernel, prange
from abm.core.par import par
from abm.core.population import Population
from abm.core.process import Phase, Process
from abm.core.rng import Key
from abm.core.world import World


@kernel
def kill_cells(accessible_cells, niche_cells, killed, cd20, reference, power, exposure, rel_niche):
    """Reduce both compartments of each subclone; ``exposure`` is hazard times time at the reference CD20."""
    for i in prange(killed.size):
        own = exposure * (cd20[i] / reference) ** power
        lost, lost_in_niche = -accessible_cells[i] * math.expm1(-own), -niche_cells[i] * math.expm1(-own * rel_niche)
        accessible_cells[i] -= lost
        niche_cells[i] -= lost_in_niche
        killed[i] = lost + lost_in_niche


class MarrowKilling(Process):
    """Killing in the marrow by effector cells."""

    kind: Literal["marrow_killing"] = "marrow_killing"
    phase: ClassVar = Phase.ACT
    scale: ClassVar = "body"
    columns: ClassVar = (GRANULES,)
    reads: ClassVar = ("b_cells.cd20_per_cell", "pools.drug_effect", "nk_cells.potency", "properties.covariates")
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

    def prepare(self, world: World) -> None:
        """Make the ledger."""
        world.pools.declare("cells_killed")

    def strength(self, genotype: Genotype, nk: Population | None) -> float:
        """Return genotype factor times the effectors' mean potency and reserve; 1 for them where there are none."""
        own = {"VV": self.rel_vv, "VF": self.rel_vf, "FF": self.rel_ff}[genotype]
        return own * (float(np.mean(nk.potency * nk.granules)) if nk is not None and nk.n else 1.0)

    def step(self, world: World, key: Key) -> None:
        """Kill for one step."""
        b, nk, clone = world.populations["b_cells"], world.populations.get("nk_cells"), world.cell_types["b_cells"]
        burden = float(b.accessible_cells.sum() + b.niche_cells.sum())
        strength = self.strength(world.properties["covariates"].fcgr3a, nk)
        hazard = self.rate * strength * world.pools["drug_effect"] / (1.0 + burden / self.saturation_cells)
        if hazard <= 0.0:
            return
        killed = np.empty(b.n)
        reference = clone.reference_cd20_per_cell
        kill_cells(
            b.accessible_cells,
            b.niche_cells,
            killed,
            b.cd20_per_cell,
            reference,
            self.cd20_power,
            hazard * world.dt_h,
            self.rel_niche,
        )
        n_killed = float(killed.sum())
        world.pools.add("cells_killed", n_killed)
        if nk is not None and nk.n:
            nk.granules[:] *= math.exp(-n_killed / self.kills_to_tire)
