"""Cells added to a well: one kind for every population that lives in one."""

from pydantic import create_model

from abm.biology.populations import CELL_TYPES
from abm.core.addition import WHAT_IS_GIVEN, Addition
from abm.core.par import par

USUAL = {"target": "500", "effector": "2500"}


class CellsGiven(Addition):
    """More cells of a population; they enter with the step that begins at their moment."""

    @property
    def n_cells(self) -> int:
        """How many cells."""
        return int(self.amount)


def more_of(population: str) -> type[CellsGiven]:
    """Return the kind of addition that adds cells of this population."""
    cells = CELL_TYPES[population][population]
    amount = par(..., "1", WHAT_IS_GIVEN, cells.words, ge=0, le=10**8)
    found = create_model(
        f"{cells.__name__}Given", __base__=CellsGiven, __module__=__name__, **{population: (int, amount)}
    )
    found.kind = found.population = population
    found.label, found.usual, found.__doc__ = cells.words, {"well": USUAL[cells.role]}, CellsGiven.__doc__
    return found


IN_A_WELL = [name for name, kinds in CELL_TYPES.items() if any(cls.scale != "body" for cls in kinds.values())]
ADDED = {population: more_of(population) for population in IN_A_WELL}
