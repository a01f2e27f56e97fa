"""DHEAS diffuses over the floor, is lost slowly and is taken up by NK cells.

*Model*: ``dc/dt = D laplacian(c) - k c - u n(x) c`` with D = ``diffusion_um2_per_s``, k = ``loss_per_h``, u =
``uptake_pL_per_h`` and n NK cells per voxel volume; diffusion and loss are solved exactly, uptake exactly per voxel. N
scattered cells that stay where they are leave the field uneven by ``0.163 u sqrt(N) L^2 / (V D)`` of its mean (standard
deviation over a floor of side L under a volume V: the noise of their number in each mode over the mode's rate of
decay). As long as that is below 0.001, and nothing releases DHEAS at one place, the field is one number that all cells
take from.

*Assumes*: mixed over the height of the medium; each voxel is a column of it.

*Reads*: nk positions. *Writes*: fields.dheas, pools.dheas_lost, pools.dheas_taken_up.

*References*: Solerte1999 (active range); assumed diffusion constant of a small steroid sulfate.
"""

import math
from typing import Any, ClassVar, Literal

import numpy as np

from abm.core.fields import Field
from abm.core.par import par
from abm.core.pools import is_any
from abm.core.process import Phase, Process
from abm.core.rng import Key
from abm.core.space import Space
from abm.core.world import World

SCATTER = 0.163  # sqrt(sum over modes (i, j) of 1 / (i^2 + j^2)^2) / pi^2, between walls; less on a ring
EVEN_FRAC = 1e-3  # design: moves potency by less than 1e-4


class DheasField(Process):
    """The DHEAS concentration, nM, on a voxel grid."""

    kind: Literal["dheas_field"] = "dheas_field"
    phase: ClassVar = Phase.FIELDS
    reads: ClassVar = ("nk_cells.x_um", "nk_cells.y_um")
    writes: ClassVar = ("fields.dheas", "pools.dheas_lost", "pools.dheas_taken_up")
    kept: ClassVar = ("voxel_um", "voxels_per_side")

    diffusion_um2_per_s: float = par(
        120.0, "um^2/s", "assumed: small steroid sulfate in medium", "Diffusion constant", ge=0, le=2000
    )
    loss_per_h: float = par(0.02, "1/h", "assumed: at most 0.05 in vitro", "Loss in the medium", ge=0, le=1)
    uptake_pL_per_h: float = par(1.0, "pL/h", "assumed: tiny, far below supply", "Cleared by a cell", ge=0, le=1e6)  # noqa: N815
    voxel_um: float = par(
        88.0, "um", "design: a few cell diameters, 64 along the side of a full well", "Side of a voxel, about", gt=0
    )
    voxels_per_side: int | None = par(
        None, "1", "design: as follows from voxel_um", "Voxels along a side, whatever its length", ge=1, le=2048
    )

    def told(self, space: Space) -> list[str]:
        """Say how large voxels are whose number is fixed."""
        n, text = self.voxels_per_side, "whatever the side of the floor is; voxel_um gives them a size instead"
        return [f"voxels_per_side: {n} voxels, here of {space.side / n:g} um, {text}"] if n else []

    def prepare(self, world: World) -> None:
        """Make the field; a mixed space has a single voxel."""
        if "dheas" not in world.fields:
            n = 1 if world.space.kind == "mixed" else self.n_voxels(world.space.side)
            world.fields["dheas"] = Field(n, world.space.side, world.space.is_periodic)

    def n_voxels(self, side_um: float) -> int:
        """Return the voxels along a side."""
        return self.voxels_per_side or min(max(1, round(side_um / self.voxel_um)), 2048)

    def unevenness(self, n_cells: int, side_um: float, volume_uL: float) -> float:
        """Return the standard deviation of the field over its mean that uptake leaves, if cells do not move."""
        cleared_um2_per_h = 1e-6 * self.uptake_pL_per_h / volume_uL * math.sqrt(n_cells) * side_um**2
        if self.diffusion_um2_per_s == 0.0:
            return math.inf
        return SCATTER * cleared_um2_per_h / (self.diffusion_um2_per_s * 3600.0)

    def is_alone(self, world: World) -> bool:
        """Whether uptake leaves the field uneven."""
        n_cells = world.populations["nk_cells"].n if "nk_cells" in world.populations else 0
        return self.unevenness(n_cells, world.space.side, world.pools.volume_uL) > EVEN_FRAC

    def _law(self, world: World) -> tuple[Any, Any]:
        """Return the share that a step loses in the medium, and the share of it that a cell clears."""
        cleared_frac = 1e-6 * self.uptake_pL_per_h * world.dt_h / world.pools.volume_uL
        return -np.expm1(-self.loss_per_h * world.dt_h), cleared_frac

    def step(self, world: World, key: Key) -> None:
        """Diffuse, lose and take up for one step."""
        field, pools = world.fields["dheas"], world.pools
        if not is_any(field.mean):
            return
        molecules, (lost_frac, cleared_frac) = pools.molecules(1.0), world.law(self, self._law)
        field.diffuse(self.diffusion_um2_per_s * 3600.0, world.dt_h)
        pools.add("dheas_lost", molecules * field.take(lost_frac))
        nk = world.populations.get("nk_cells")
        if nk is None or nk.n == 0 or not is_any(cleared_frac):
            return
        if field.is_even and not world.members and self.is_alone(world):
            field.divide()
        n_cells = nk.n_each if field.is_even else field.count(nk.x_um, nk.y_um) * field.values.size
        pools.add("dheas_taken_up", molecules * field.take(-np.expm1(-cleared_frac * n_cells)))
