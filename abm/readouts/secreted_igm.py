"""IgM in the medium of a culture well that came from its cells: secreted by the living, released by the lysed."""

from typing import ClassVar, Literal

from abm.readouts.readout import EndPoint, Found, Readout, Seen
from abm.readouts.survival import ever

GRAMS_PER_MOLECULE = 950e3 / 6.02214076e23  # IgM, 950 kDa


class SecretedIgm(Readout):
    """IgM from the cells at the end."""

    kind: Literal["secreted_igm"] = "secreted_igm"
    scale: ClassVar = "well"
    declared: ClassVar = (
        EndPoint("igm_ng_per_mL", "ng/mL", "IgM from the cells", where="study"),
        EndPoint("igm_molecules_per_cell", "molecules/cell", "IgM from the cells", where="study"),
        EndPoint("igm_released_frac", "1", "IgM from the cells that was released by dying ones", "share",
                 where="study"),
    )  # fmt: skip

    def of_subject(self, seen: Seen) -> Found:
        """Return the concentration, the molecules per cell that ever was, and the released share."""
        world = seen.simulated
        pools = world.pools
        igm = pools["igm_secreted"] + pools["igm_released"]
        return {
            "igm_ng_per_mL": igm * GRAMS_PER_MOLECULE * 1e9 / (pools.volume_uL * 1e-3),
            "igm_molecules_per_cell": igm / ever(world),
            "igm_released_frac": pools["igm_released"] / max(igm, 1e-300),
        }
