"""An obinutuzumab-like antibody: type II, half the IgG per CD20, little complement, strong CD16 binding.

*Assumes*: the strengths are orders of magnitude, not measurements.
"""

from typing import Literal

from abm.biology.antibody.antibody import Antibody
from abm.core.par import par


class ObinutuzumabLike(Antibody):
    """Less complement and internalisation, more NK."""

    kind: Literal["obinutuzumab_like"] = "obinutuzumab_like"
    mw_kDa: float = par(146.0, "kDa", "assumed: glyco-engineered IgG1", "Molecular weight", gt=0, le=1e4)
    kd_nM: float = par(
        4.0, "nM", "assumed: lower apparent affinity than rituximab", "Dissociation constant", gt=0, le=1e4
    )
    sites_per_cd20: float = par(0.35, "1", "assumed: half of rituximab, type II", "IgG per CD20", gt=0, le=1)
    rel_c1q: float = par(
        0.1, "1", "assumed: type II does not cluster", "Docking of C1 relative to rituximab", ge=0, le=10
    )
    rel_cd16: float = par(
        10.0, "1", "assumed: afucosylated Fc", "Affinity for CD16 relative to rituximab", gt=0, le=100
    )
    rel_internalisation: float = par(0.3, "1", "assumed: type II internalises little", "Internalisation", ge=0, le=10)
