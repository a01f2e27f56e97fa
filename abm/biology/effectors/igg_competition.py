"""Hypothesis H-IgG: serum IgG occupies CD16, so an NK cell needs more antibody on the target.

*Model*: ``rel_fc50 *= 1 + IgG / K`` with IgG the concentration in the well.

*Reads*: pools.igg. *Writes*: rel_fc50.

*References*: assumed K 0.2-0.5 uM (V), 0.8-2 uM (F); serum IgG inhibits ADCC by NK cells (Preithner2006).
"""

from typing import ClassVar, Literal

from abm.biology.columns import REL_FC50
from abm.core.par import par
from abm.core.process import Phase, Process
from abm.core.rng import Key
from abm.core.world import World


class IggCompetition(Process):
    """Interaction hypothesis: serum IgG competes for CD16."""

    kind: Literal["igg_competition"] = "igg_competition"
    phase: ClassVar = Phase.SENSE
    stacks: ClassVar = True
    columns: ClassVar = (REL_FC50,)
    reads: ClassVar = ("pools.igg",)
    writes: ClassVar = ("b_cells.rel_fc50",)

    k_uM: float = par(
        0.5, "uM", "fitted: on A3, range 0.2-0.5 (V) and 0.8-2 (F)", "IgG at which F50 doubles", gt=0, le=100
    )

    def step(self, world: World, key: Key) -> None:
        """Compete for one step."""
        if "igg" in world.pools:
            b = world.populations["b_cells"]
            b.rel_fc50[:] *= b.spread(1.0 + world.pools.nM("igg") * 1e-3 / self.k_uM)
