"""What each antibody of an arm is called where it is kept: in the medium, on the cells, in a patient, and lost.

Every antibody given in the arm has a column of B cells and pools of its own; ``bound_per_cell`` is the sum over all of
them. Whoever changes one of the columns adds them up again.
"""

from collections.abc import Sequence

import numpy as np

from abm.biology.antibody.antibody import Antibody
from abm.core.jit import device
from abm.core.pools import Pools
from abm.core.population import Population
from abm.core.table import Column
from abm.core.world import World

BOUND_OF_EACH, POOLS_OF_EACH = "b_cells.bound_*_per_cell", "pools.antibody_*"  # as processes declare them
MG_OF_EACH, UG_PER_ML_OF_EACH = "pools.drug_*_mg", "pools.drug_*_ug_per_mL"
CENTRAL_OF_EACH, REMOVED_OF_EACH = "pools.drug_*_central_mg", "pools.drug_*_removed_mg"
LOST = ("lysed", "internalised", "shaved", "decayed")


def antibodies(world: World) -> tuple[Antibody, ...]:
    """Return the antibodies of this arm, in order of name."""
    return world.properties["antibodies"].given


def column_of(drug: Antibody) -> str:
    """Return the column that holds what is bound of an antibody."""
    return f"bound_{drug.kind}_per_cell"


def pool_of(drug: Antibody, fate: str = "") -> str:
    """Return the pool of what is free of an antibody, or of what has become of it."""
    return f"antibody_{drug.kind}_{fate}" if fate else f"antibody_{drug.kind}"


def dose_pool_of(drug: Antibody, what: str) -> str:
    """Return the pool of a patient that holds what has become of the doses of an antibody, or its level in plasma."""
    return f"drug_{drug.kind}_{what}"


def declare_each(world: World) -> None:
    """Give every antibody of the arm its column and its pools."""
    for drug in antibodies(world):
        own = Column(
            column_of(drug), unit="1/cell", doc=f"bound {drug.kind}", spills=pool_of(drug, "lysed"), splits=True
        )
        world.declare("b_cells", own)
        for fate in ("", *LOST):
            world.pools.declare(pool_of(drug, fate))


def on_cells(b: Population, drugs: Sequence[Antibody]) -> np.ndarray:
    """Return what is bound of each antibody, a view of shape (antibodies, cells)."""
    return b.beside([column_of(drug) for drug in drugs])


def in_pools(pools: Pools, drugs: Sequence[Antibody], fate: str = "") -> np.ndarray:
    """Return what is free of each antibody, or has met a fate, shape (antibodies, subjects); a well is one."""
    amounts = np.array([pools[pool_of(drug, fate)] for drug in drugs])
    return amounts.reshape(len(drugs), pools.n_subjects or 1)


def to_pools(pools: Pools, drugs: Sequence[Antibody], amounts: np.ndarray, fate: str = "") -> None:
    """Put amounts of the shape of :func:`in_pools` back."""
    for drug, own in zip(drugs, amounts, strict=True):
        pools[pool_of(drug, fate)] = own.squeeze()


@device
def add_up(total, bound):
    """Write what is bound of all antibodies together."""
    total[:] = 0.0
    for a in range(bound.shape[0]):
        for i in range(total.size):
            total[i] += bound[a, i]


def mean_over_bound(b: Population, drugs: Sequence[Antibody], values: Sequence[float]) -> np.ndarray | float:
    """Return the mean of a property of antibodies over what is bound to each cell; 1 where nothing is."""
    of_rows = [b.spread(value) for value in values]
    if len(drugs) == 1:
        return of_rows[0]
    weighted = sum(b[column_of(drug)] * value for drug, value in zip(drugs, of_rows, strict=True))
    return np.divide(weighted, b.bound_per_cell, out=np.ones(b.n), where=b.bound_per_cell > 0.0)


def lost(pools: Pools, drugs: Sequence[Antibody], fate: str) -> float:
    """Return the molecules of all these antibodies that have met a fate."""
    return sum(pools[pool_of(drug, fate)] for drug in drugs)
