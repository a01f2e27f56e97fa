"""Columns in which mechanisms meet: each process declares every one that it reads or writes.

No process imports another, and any of them runs without the rest: a column nobody writes keeps its default.
"""

from abm.core.table import Column

BOUND = (
    "b_cells",
    Column(
        "bound_per_cell",
        unit="1/cell",
        doc="bound antibody, of all kinds",
        recorded="bound_per_cell",
        splits=True,
    ),
)
N_DOCKED = ("b_cells", Column("n_docked", "i8", resets=True, doc="docking events of this step"))
C3B = (
    "b_cells",
    Column("c3b_per_cell", unit="1/cell", doc="cell-bound C3 fragments", recorded="c3b_per_cell", splits=True),
)
MAC = (
    "b_cells",
    Column("mac_per_cell", "i8", unit="1/cell", doc="membrane attack complexes", recorded="mac_per_cell", splits=True),
)
REL_CD55 = ("b_cells", Column("rel_cd55", default=1.0, resets=True, doc="CD55 still in play"))
REL_CD59 = ("b_cells", Column("rel_cd59", default=1.0, resets=True, doc="CD59 still in play"))
REL_C1Q = ("b_cells", Column("rel_c1q", default=1.0, resets=True, doc="docking of C1 relative to rituximab"))
REL_CD16 = ("b_cells", Column("rel_cd16", default=1.0, resets=True, doc="affinity for CD16 relative to rituximab"))
REL_FC = ("b_cells", Column("rel_fc", default=1.0, resets=True, doc="share of bound Fc an NK cell can reach"))
REL_SIGNAL = ("b_cells", Column("rel_signal", default=1.0, resets=True, doc="share of the Fc signal that gets through"))
REL_FC50 = ("b_cells", Column("rel_fc50", default=1.0, resets=True, doc="factor on the NK half-saturation"))
FC_SIGNAL = ("b_cells", Column("fc_signal", resets=True, doc="Fc signal an NK cell sees, 0-1"))
N_ENGAGED = ("b_cells", Column("n_engaged", "i8", resets=True, doc="NK cells holding this cell"))
PARTNER = ("nk_cells", Column("partner", "i8", default=-1, refers="b_cells", doc="row of the engaged target"))
BUSY = ("macrophages", Column("busy_h", unit="h", doc="time for which it is still busy with the last cell"))
CD16 = ("nk_cells", Column("cd16", default=1.0, doc="CD16 relative to a fresh cell"))
GRANULES = ("nk_cells", Column("granules", default=1.0, doc="granule store relative to a full one"))
SURFACE_IGM = ("b_cells", Column("surface_igm", doc="surface IgM relative to 65 MFI"))
SURFACE_IGM_START = ("b_cells", Column("surface_igm_start", doc="the cell's own set point of surface IgM"))
NOT_DRAWN = -99.0
IGM_SCORE = (
    "b_cells",
    Column("igm_score", default=NOT_DRAWN, doc="normal score of surface IgM among the cells; -99 before it is drawn"),
)
SIGNAL = ("b_cells", Column("signal", doc="signal through surface IgM, 0-1"))
SIGNAL_REL = ("b_cells", Column("signal_rel", default=1.0, doc="signal relative to that without drug"))
SPLITS_AT = ("b_cells", Column("splits_at_cells", unit="cells", doc="cells at which the subclone splits"))
MOST_INHIBITED = ("b_cells", Column("most_inhibited", doc="highest inhibition so far"))
TO_BLOOD = ("b_cells", Column("to_blood_per_h", unit="1/h", doc="how fast the share in blood rose of late; few: 0"))
C481S = ("b_cells", Column("c481s", doc="1 where BTK cannot be held by ibrutinib"))
TURNOVER_REL = ("b_cells", Column("turnover_rel", default=1.0, doc="births, deaths and egress relative to the others"))
GROWTH_REL = ("b_cells", Column("growth_rel", default=1.0, doc="growth relative to the mean of the clone"))
IGM_PARTS = ("igm_clone_g", "igm_plasma_g", "igm_long_lived_g")
