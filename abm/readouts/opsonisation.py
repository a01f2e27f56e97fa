"""What lies on the B cells of a culture well at its end, and how much of the antibody was internalised."""

from typing import ClassVar, Literal

from abm.biology.additions import total
from abm.biology.antibody.places import antibodies, lost
from abm.core.population import Population
from abm.readouts.readout import EndPoint, Found, Readout, Seen


class Opsonisation(Readout):
    """Antibody and C3b per B cell."""

    kind: Literal["opsonisation"] = "opsonisation"
    scale: ClassVar = "well"
    declared: ClassVar = (
        EndPoint("bound_per_cell", "molecules/cell", "bound antibody", where="study"),
        EndPoint("c3b_per_cell", "molecules/cell", "C3b", where="study"),
        EndPoint("internalised_frac", "1", "antibody internalised, of what was bound and not shaved", "share",
                 where="study"),
    )  # fmt: skip

    def of_subject(self, seen: Seen) -> Found:
        """Return means over the cells of a well, and the share of antibody inside them."""
        world = seen.simulated
        b, inside = world.populations[world.target], lost(world.pools, antibodies(world), "internalised")
        return {
            "c3b_per_cell": _mean(b, "c3b_per_cell"),
            "bound_per_cell": _mean(b, "bound_per_cell"),
            "internalised_frac": inside / max(inside + total(b, "bound_per_cell"), 1e-300),
        }


def _mean(population: Population, column: str) -> float:
    return float(population[column].mean()) if population.n and column in population else 0.0
