"""Maps of the fields: DHEAS and the potency that follows from it."""

from typing import ClassVar, Literal

import numpy as np

from abm.core.probe import Probe
from abm.core.world import World


class Fields(Probe):
    """Field maps in the units of the figures."""

    kind: Literal["fields"] = "fields"
    table: ClassVar = "fields"

    def observe(self, world: World) -> dict[str, np.ndarray]:
        """Read all fields."""
        field, law = world.fields.get("dheas"), world.properties.get("potency")
        if field is None:
            return {}
        maps = {"dheas_uM": field.map * 1e-3}
        if law is not None:
            maps["potency"] = law.potency(field.map)
        return maps | {"voxel_um": np.array(field.voxel_um)}
