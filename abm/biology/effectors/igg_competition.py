"""Hypothesis H-IgG: serum IgG occupies CD16, so an NK cell needs more antibody on the target.

*Model*: ``rel_fc50 *= (1 + IgG / K) / (1 + IgG / (r K))`` with IgG the concentration in the well, K = ``k_uM`` and r =
``most_fold``: at most r-fold, since clustered Fc wins over single molecules. Without ``most_fold`` there is no such
limit.

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

    most_fold: float | None = par(
        None,
        "1",
        "design: no limit; assumed 10-30 by Preithner2006",
        "F50 under all IgG over that without",
        gt=1,
        le=1e4,
    )

    def step(self, world: World, key: Key) -> None:
        """Compete for one step."""
        if "igg" in world.pools:
            b, occupied = world.populations["b_cells"], world.pools.nM("igg") * 1e-3 / self.k_uM
            fold = 1.0 + occupied
            rel_fc50 = b.rel_fc50
            rel_fc50 *= b.spread(fold if self.most_fold is None else fold / (1.0 + occupied / self.most_fold))
