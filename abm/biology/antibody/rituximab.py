"""Rituximab: type I chimeric IgG1; clusters CD20, docks C1 well.

*References*: Bondza2017 (affinity), RituxanLabel (molecular weight).
"""

from typing import Literal

from abm.biology.antibody.antibody import Antibody


class Rituximab(Antibody):
    """The reference antibody."""

    kind: Literal["rituximab"] = "rituximab"
