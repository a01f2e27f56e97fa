"""What must balance in a patient: milligrams of drug, and cells born, alive and dead."""

from abm.biology.antibody.places import antibodies, dose_pool_of
from abm.biology.patient.pharmacokinetics import FATES
from abm.core.world import World


def balance(world: World) -> dict[str, float]:
    """Return the relative error of each balance; 0 is perfect."""
    pools, b = world.pools, world.populations["b_cells"]
    clone = world.cell_types["b_cells"]
    drugs = antibodies(world)
    kept = sum(pools[dose_pool_of(drug, f"{fate}_mg")] for drug in drugs for fate in FATES)
    alive, plasma = float(b.accessible_cells.sum() + b.niche_cells.sum()), float(b.plasma_cells.sum())
    start = clone.start_cells if b.n else 0.0
    return {
        "drug_rel_error": _relative(kept, sum(pools[dose_pool_of(drug, "dosed_mg")] for drug in drugs)),
        "clone_rel_error": _relative(
            alive + pools["cells_killed"] + pools["cells_crowded"], start + pools["cells_born"]
        ),
        "ibrutinib_rel_error": _relative(
            pools["ibrutinib_mg"] + pools["ibrutinib_eliminated_mg"], pools["ibrutinib_dosed_mg"]
        ),
        "plasma_cells_rel_error": _relative(plasma + pools["plasma_died"], pools["plasma_born"]),
    }


def _relative(found: float, expected: float) -> float:
    return abs(found - expected) / expected if expected > 0.0 else abs(found)
