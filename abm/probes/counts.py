"""One row of totals: cells by state, deaths by cause, engagements, hits, docking, drug, complement, DHEAS, IgM.

A look at the moment of an addition sees what was added, at the start as later; added cells count from the next step on.
"""

from typing import ClassVar, Literal

import numpy as np

from abm.core.measure import Measure
from abm.core.probe import Probe, Row, own
from abm.core.world import World

LEAST = 1e-300  # design: what can be divided by
IGM_KDA = 950.0
EVENTS = ("engagements", "hits", "docking_events")  # tallies of the whole well
GRAMS_PER_KDA = 1.66053907e-21


class Counts(Probe):
    """Totals of the well."""

    kind: Literal["counts"] = "counts"
    table: ClassVar = "series"
    stacks: ClassVar = True
    measures: ClassVar = (
        Measure("time_h", "h", "time"),
        Measure("n_b_alive", "cells", "B cells alive"),
        Measure("n_b_dying", "cells", "B cells committed to die"),
        Measure("n_b_dead", "cells", "B cells lysed"),
        Measure("n_b_start", "cells", "B cells that ever were"),
        Measure("deaths_*", "cells", "B cells dead by *"),
        Measure("n_engagements", "1", "engagements so far", axis="engagements so far (count)"),
        Measure("n_hits", "1", "lytic hits so far", axis="lytic hits so far (count)"),
        Measure("n_docking_events", "1", "docking events so far", axis="docking events so far (count)"),
        Measure("c1q_frac", "1", "C1q left", "share"),
        Measure("c2c4_frac", "1", "C2/C4 left", "share"),
        Measure("c3_frac", "1", "C3 left", "share"),
        Measure("c5c9_frac", "1", "C5–C9 left", "share"),
        Measure("dheas_uM", "uM", "DHEAS"),
        Measure("igm_molecules", "molecules", "IgM from the cells"),
        Measure("igm_released_molecules", "molecules", "IgM released by dying cells"),
        Measure("igm_ng_per_mL", "ng/mL", "IgM from the cells"),
        Measure("igm_serum_ug_per_mL", "ug/mL", "IgM from the serum"),
        Measure("*_nM", "nM", "free *"),
        Measure("bound_mean_per_cell", "molecules/cell", "bound antibody"),
        Measure("c3b_mean_per_cell", "molecules/cell", "C3b"),
        Measure("mac_mean_per_cell", "molecules/cell", "MAC"),
        Measure("signal_mean", "1", "signal of B cells"),
    )

    def observe(self, world: World) -> Row:
        """Read totals."""
        name, pools, tally = world.target, world.pools, world.tallies
        b = world.populations[name]
        drugs = world.properties["antibodies"].shown
        dying = b.n_where(b.is_dying)
        row = {
            "time_h": world.t_h,
            "n_b_alive": b.n_each - dying,
            "n_b_dying": dying,
            "n_b_dead": tally.get(f"{name}.lysed", 0),
            "n_b_start": tally.get(f"{name}.entered", 0) + tally.get(f"{name}.born", 0),
        }
        deaths = sorted(key for key in tally if key.startswith(f"{name}.deaths_"))
        row |= {key.removeprefix(f"{name}."): tally[key] for key in deaths}
        row = (
            row
            | {f"n_{event}": tally.get(event, 0) for event in EVENTS}
            | self._effectors(world)
            | self._medium(world)
            | {
                **{f"{drug.kind}_nM": pools.nM(f"antibody_{drug.kind}") for drug in drugs},
                "bound_mean_per_cell": b.mean("bound_per_cell"),
                "c3b_mean_per_cell": b.mean("c3b_per_cell"),
                "mac_mean_per_cell": b.mean("mac_per_cell"),
            }
            | ({"signal_mean": b.mean("signal")} if "signal" in b else {})
        )
        if world.n_subjects == 1:
            return own(row, 0)
        n = world.n_subjects
        return {name: value if np.shape(value) == (n,) else np.full(n, value) for name, value in row.items()}

    def _effectors(self, world: World) -> Row:
        row = {}
        for name, cell_type in world.cell_types.items():
            if cell_type.role == "effector":
                row |= cell_type.counted(world.populations.get(name))
        return row

    def _medium(self, world: World) -> Row:
        pools, field = world.pools, world.fields.get("dheas")
        row = {}
        for name in ("c1q", "c2c4", "c3", "c5c9"):
            supplied = pools[f"{name}_supplied"]
            row[f"{name}_frac"] = np.where(supplied > 0.0, pools[name] / np.maximum(supplied, LEAST), 0.0)[()]
        igm = pools["igm_secreted"] + pools["igm_released"]
        to_ng_per_mL = GRAMS_PER_KDA * IGM_KDA * 1e9 / (pools.volume_uL * 1e-3)
        return row | {
            "dheas_uM": (field.mean if field else pools.nM("dheas")) * 1e-3,
            "igm_molecules": igm,
            "igm_released_molecules": pools["igm_released"],
            "igm_ng_per_mL": igm * to_ng_per_mL,
            "igm_serum_ug_per_mL": pools["igm_serum"] * to_ng_per_mL * 1e-3,
        }
