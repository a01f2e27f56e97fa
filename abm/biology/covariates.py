"""Who is simulated: a patient, or the donor of a well's serum and effector cells.

*Model*: body surface is the usual one, or follows from weight and height where the height is known:
``sqrt(height cm x weight kg / 3600)`` m2.

*References*: Mosteller1987 (body surface).
"""

from typing import Any, Literal

import numpy as np

from abm.core.par import Model, par

Genotype = Literal["VV", "VF", "FF"]
Line = Literal["first", "later"]  # of treatment
Tp53 = Literal["intact", "lost"]
USUAL_GENOTYPE: dict[str, Genotype] = {  # by scale
    "well": "VV",  # fitted: engagement, on V7 (DallOzzo2004)
    "body": "VF",  # assumed: the middle one
}
CM2_KG_PER_M4 = 3600.0  # Mosteller1987


class Covariates(Model):
    """What one subject is, whatever mechanism asks for it."""

    age_years: float = par(48.0, "years", "design: gives 4 uM DHEAS, the middle of 1.2-9.4", "Age", ge=17, le=100)
    sex: Literal["male", "female"] = "male"
    weight_kg: float = par(75.0, "kg", "assumed: usual adult, 70-75 kg", "Body weight", gt=0, le=500)
    height_cm: float | None = par(
        None, "cm", "design: unknown; else body surface follows from it", "Height", gt=0, le=300
    )
    body_surface_m2: float = par("1.85 m2", "m2", "assumed: usual adult", "Body surface", gt=0, le=4)
    fcgr3a: Genotype = "VV"
    line: Line = "first"
    tp53: Tp53 = "intact"

    @property
    def surface_m2(self) -> Any:
        """Body surface, from weight and height where these are known."""
        if self.height_cm is None:
            return self.body_surface_m2
        return np.sqrt(self.height_cm * self.weight_kg / CM2_KG_PER_M4)
