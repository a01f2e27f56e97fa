"""DHEAS diffuses over the floor, is lost slowly and is taken up by NK cells.

*Model*: ``dc/dt = D laplacian(c) - k c - u n(x) c`` with n NK cells per voxel volume; diffusion and loss are solved
exactly, uptake exactly per voxel.

*Assumes*: mixed over the height of the medium; each voxel is a column of it.

*Reads*: nk positions. *Writes*: fields.dheas, pools.dheas_lost, pools.dheas_taken_up.

*References*: Solerte1999 (active range); assumed diffusion constant of a small steroid sulfate.
"""

import math
from typing import ClassVar, Literal

import numpy as np

from abm.core.fields import Field
from abm.core.par import par
from abm.core.population import count_rows
from abm.core.process import Phase, Process
from abm.core.rng import Key
from abm.core.world import World


class DheasField(Process):
    """The DHEAS concentration, nM, on a voxel grid."""

    kind: Literal["dheas_field"] = "dheas_field"
    phase: ClassVar = Phase.FIELDS
    reads: ClassVar = ("nk_cells.x_um", "nk_cells.y_um")
    writes: ClassVar = ("fields.dheas", "pools.dheas_lost", "pools.dheas_taken_up")
    kept: ClassVar = ("voxels_per_side",)

    diffusion_um2_per_s: float = par(
        120.0, "um^2/s", "assumed: small steroid sulfate in medium", "Diffusion constant", ge=0, le=2000
    )
    loss_per_h: float = par(0.02, "1/h", "assumed: at most 0.05 in vitro", "Loss in the medium", ge=0, le=1)
    uptake_pL_per_h: float = par(1.0, "pL/h", "assumed: tiny, far below supply", "Cleared by a cell", ge=0, le=1e6)  # noqa: N815
    voxels_per_side: int = par(64, "1", "design: voxels of 88 um in a full well", "Voxels along a side", ge=1, le=2048)

    def prepare(self, world: World) -> None:
        """Make the field; a mixed space has a single voxel."""
        n = 1 if world.space.kind == "mixed" else self.voxels_per_side
        world.fields.setdefault("dheas", Field(n, world.space.side, world.space.is_periodic))

    def step(self, world: World, key: Key) -> None:
        """Diffuse, lose and take up for one step."""
        field = world.fields["dheas"]
        if not field.values.any():
            return
        field.diffuse(self.diffusion_um2_per_s * 3600.0, world.dt_h)
        molecules = world.pools.molecules(1.0)
        lost = field.values * -math.expm1(-self.loss_per_h * world.dt_h)
        field.values -= lost
        world.pools.add("dheas_lost", lost.mean() * molecules)
        nk = world.populations.get("nk_cells")
        if nk is None or nk.n == 0 or self.uptake_pL_per_h == 0.0:
            return
        cells = np.zeros(field.values.shape)
        count_rows(cells.ravel(), field.voxel_of(nk.x_um, nk.y_um))
        voxel_uL = world.pools.volume_uL / field.values.size
        taken = field.values * -np.expm1(-1e-6 * self.uptake_pL_per_h * world.dt_h / voxel_uL * cells)
        field.values -= taken
        world.pools.add("dheas_taken_up", taken.mean() * molecules)
