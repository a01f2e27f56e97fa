"""All kinds of cell by population: what is attacked, then what attacks it, each in order of its name."""

from typing import TYPE_CHECKING, Literal

import abm.biology.cells
from abm.core.cell_type import CellType
from abm.core.process import discover


def _by_population() -> dict[str, dict[str, type[CellType]]]:
    kinds = discover(abm.biology.cells, CellType)
    found: dict[str, dict[str, type[CellType]]] = {}
    for kind, cls in sorted(kinds.items(), key=lambda item: (item[1].role != "target", item[1].population)):
        found.setdefault(cls.population, {})[kind] = cls
    return found


CELL_TYPES = _by_population()  # the usual kind of a population has its name
EFFECTORS = tuple(name for name, kinds in CELL_TYPES.items() if kinds[name].role == "effector")
if TYPE_CHECKING:
    PopulationName = str
else:
    PopulationName = Literal[tuple(CELL_TYPES)]
