"""The cells of the twin, one object each."""

import math
from dataclasses import dataclass, field


@dataclass(eq=False)
class BCell:
    """One B cell."""

    uid: int
    x: float
    y: float
    cd20_start: float
    cd55: float
    cd59: float
    hits_needed: float
    igm_per_s: float
    igm_stored: float
    cd20: float
    bound_of: dict[str, float] = field(default_factory=dict)
    rel_c1q: float = 1.0
    rel_cd16: float = 1.0
    c3b: float = 0.0
    mac: int = 0
    damage: float = 0.0
    t_lysis: float = math.inf
    docked: int = 0
    open_frac: float = 1.0
    signal_frac: float = 1.0
    fc: float = 0.0
    n_engaged: int = 0
    hazard_cdc: float = 0.0
    mark: float = math.inf
    marked_by: "NKCell | None" = None

    @property
    def bound(self) -> float:
        """Bound antibody of all kinds."""
        return sum(self.bound_of.values())

    @property
    def is_dying(self) -> bool:
        """Whether the cell has committed."""
        return self.t_lysis < math.inf


@dataclass(eq=False)
class NKCell:
    """One NK cell."""

    uid: int
    x: float
    y: float
    is_killer: bool
    rel_hit: float
    rel_engagement: float
    granules: float = 1.0
    cd16: float = 1.0
    potency: float = 1.0
    n_kills: int = 0
    x_heading: float = 0.0
    y_heading: float = 0.0
    wait_to_turn: float = 0.0
    partner: BCell | None = None


@dataclass
class Death:
    """One row of the deaths table."""

    uid: int
    time_h: float
    t_lysis_h: float
    cause: str
    killer_uid: int
    x_um: float
    y_um: float
    cd20_per_cell: float
    bound_per_cell: float
    c3b_per_cell: float
    mac_per_cell: int
