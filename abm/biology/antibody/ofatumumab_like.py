"""An ofatumumab-like antibody: type I, slow to leave, docks C1 more strongly than rituximab.

*Assumes*: the strengths are orders of magnitude, not measurements.
"""

from typing import Literal

from abm.biology.antibody.antibody import Antibody
from abm.core.par import par


class OfatumumabLike(Antibody):
    """More complement, slower off-rate."""

    kind: Literal["ofatumumab_like"] = "ofatumumab_like"
    mw_kDa: float = par(149.0, "kDa", "assumed: human IgG1", "Molecular weight", gt=0, le=1e4)
    kd_nM: float = par(
        0.4, "nM", "assumed: leaves about half as fast as rituximab", "Dissociation constant", gt=0, le=1e4
    )
    rel_c1q: float = par(3.0, "1", "assumed: stronger C1q binding", "Docking of C1 relative to rituximab", ge=0, le=10)
