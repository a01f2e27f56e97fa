"""What must balance in a patient: milligrams of drug, and cells born, alive and dead."""

from typing import Any

import numpy as np

from abm.biology.antibody.places import antibodies, dose_pool_of
from abm.biology.patient.pharmacokinetics import FATES
from abm.core.world import World


def balance(world: World) -> dict[str, Any]:
    """Return the relative error of each balance, for each patient; 0 is perfect."""
    pools, b = world.pools, world.populations["b_cells"]
    clone = world.cell_types["b_cells"]
    drugs = antibodies(world)
    kept = sum(pools[dose_pool_of(drug, f"{fate}_mg")] for drug in drugs for fate in FATES)
    alive, plasma = b.sums(b.accessible_cells) + b.sums(b.niche_cells), b.sums(b.plasma_cells)
    start = np.where(np.diff(b.first) > 0, clone.start_cells, 0.0)
    return {
        "drug_rel_error": _relative(kept, sum(pools[dose_pool_of(drug, "dosed_mg")] for drug in drugs)),
        "clone_rel_error": _relative(
            alive + pools["cells_killed"] + pools["cells_crowded"], start + pools["cells_born"]
        ),
        "ibrutinib_rel_error": _relative(
            pools["ibrutinib_mg"] + pools["ibrutinib_eliminated_mg"], pools["ibrutinib_dosed_mg"]
        ),
        "plasma_cells_rel_error": _relative(plasma + pools["plasma_died"], pools["plasma_born"]),
    } | _of_long_lived(world)


def _of_long_lived(world: World) -> dict[str, Any]:
    """Return that of long-lived plasma cells, where these are born and die."""
    pools, b = world.pools, world.populations["b_cells"]
    if "long_lived_born" not in pools:
        return {}
    alive = b.sums(b.long_lived_cells)
    return {"long_lived_rel_error": _relative(alive + pools["long_lived_died"], pools["long_lived_born"])}


def _relative(found: Any, expected: Any) -> Any:
    return np.abs(found - expected) / np.where(np.asarray(expected) > 0.0, expected, 1.0)
