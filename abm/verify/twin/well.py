"""The state of one well of the twin: cells, pools, the DHEAS field and the clock."""

import csv
import math
import statistics
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from abm.verify.twin.cells import BCell, Death, NKCell
from abm.verify.twin.philox import Key, normal, stream, uniform, uniforms

MOLECULES_PER_NM_UL = 6.02214076e23 * 1e-15
COMPLEMENT = ("c1q", "c2c4", "c3", "c5c9")


@dataclass
class Well:
    """One well of a scenario."""

    scenario: Any
    arm: str
    replicate: int = 0
    b: list[BCell] = field(default_factory=list)
    nk: list[NKCell] = field(default_factory=list)
    n_entered: dict[str, int] = field(default_factory=lambda: {"b_cells": 0, "nk_cells": 0})
    arriving: list[tuple[str, int]] = field(default_factory=list)
    pools: dict[str, float] = field(default_factory=dict)
    deaths: list[Death] = field(default_factory=list)
    n_others: float = 0.0
    step_number: int = 0
    t: float = 0.0
    dt: float = 0.0

    def __post_init__(self) -> None:
        """Find the laws by kind and put the first cells on the floor."""
        self.law = {process.kind: process for process in self.scenario.processes.values()}
        self.name_of = {process.kind: name for name, process in self.scenario.processes.items()}
        arm = self.scenario.arms[self.arm]
        self.drugs = {kind: getattr(self.scenario.antibodies, kind) for kind in arm.antibodies}
        self.additions = arm.add
        self.side, self.volume = self.scenario.space.side, self.scenario.space.volume
        self.dheas = np.zeros((self.law["dheas_field"].voxels_per_side,) * 2)
        cells = self.scenario.populations
        self.enter("b_cells", cells.b_cells.n)
        if "nk_cells" not in self.scenario.arms[self.arm].without:
            nk = cells.nk_cells
            nk_frac = {"pbmc": nk.pbmc_nk_frac, "il2_pbmc": nk.il2_pbmc_nk_frac}.get(nk.state, 1.0)
            self.enter("nk_cells", round(nk.per_b_cell * nk_frac * cells.b_cells.n))
            self.n_others = (nk.per_b_cell * (1.0 - nk_frac) + nk.bystanders_per_b_cell) * cells.b_cells.n

    def key(self, name: str, step: int | None = None) -> Key:
        """Return the key of a stream for this step."""
        return stream(self.scenario.seed, self.replicate, name), self.step_number if step is None else step

    def key_of(self, kind: str) -> Key:
        """Return the key of the process of this kind."""
        return self.key(self.name_of[kind])

    def enter(self, name: str, n: int) -> None:
        """Put new cells on the floor."""
        for uid in range(self.n_entered[name], self.n_entered[name] + n):
            self.b.append(self._new_b(uid)) if name == "b_cells" else self.nk.append(self._new_nk(uid))
        self.n_entered[name] += n

    def _place(self, name: str, uid: int) -> tuple[float, float]:
        u, v = uniforms(self.key(f"place.{name}", 0), uid, 0)
        return u * self.side, v * self.side

    def _new_b(self, uid: int) -> BCell:
        law = self.scenario.populations.b_cells
        key = self.key("cells.b_cells", 0)
        names = ("cd20", "cd55", "cd59", "hits_needed", "igm_per_s", "igm_stored_per_cell")
        spreads = [getattr(law, name) for name in names]
        own = [s.median * math.exp(getattr(s, "sigma", 0.0) * normal(key, uid, k)) for k, s in enumerate(spreads, 1)]
        if hasattr(law.cd20, "channel"):
            own[:3] = event_of(law, uniforms(key, uid, 8)[0], own)
        u, v = uniforms(key, uid, 7)
        if u < law.low_fraction:
            own[0] = v * law.low_max_per_cell
        own[0] *= law.cd20_scale
        if law.is_fixed:
            own[3:5] = math.inf, 0.0
        return BCell(uid, *self._place("b_cells", uid), *own, cd20=own[0])

    def _new_nk(self, uid: int) -> NKCell:
        law = self.scenario.populations.nk_cells
        killer_frac, *rel = (
            (law.il2_killer_frac, 1.0, 1.0)
            if law.state in ("il2", "il2_pbmc")
            else (law.resting_killer_frac, law.resting_rel_hit, law.resting_rel_engagement)
        )
        key = self.key("cells.nk_cells", 0)
        is_killer = uniform(key, uid, 1) < killer_frac
        own = [math.exp(s * normal(key, uid, k)) for k, s in enumerate((law.hit_sigma, law.engagement_sigma), start=2)]
        return NKCell(uid, *self._place("nk_cells", uid), is_killer, rel[0] * own[0], rel[1] * own[1])

    def molecules(self, concentration_nM: float) -> float:
        """Molecules in the well at a concentration."""
        return concentration_nM * MOLECULES_PER_NM_UL * self.volume

    def nM(self, name: str) -> float:  # noqa: N802 - a unit
        """Concentration of a pool."""
        return self.pools.get(name, 0.0) / self.molecules(1.0)

    def gain(self, name: str, amount: float) -> None:
        """Add to a pool."""
        self.pools[name] = self.pools.get(name, 0.0) + amount

    def spend(self, name: str, amount: float, kind: str) -> None:
        """Take from a complement pool and book it as used or decayed."""
        if amount > self.pools.get(name, 0.0):
            raise ValueError(f"the twin knows no shortage of {name}")
        self.gain(name, -amount)
        self.gain(f"{name}_{kind}", amount)

    def voxel(self, cell: NKCell) -> tuple[int, int]:
        """Return the row and column of the DHEAS field under a cell."""
        n = self.dheas.shape[0]
        return min(int(cell.y / (self.side / n)), n - 1), min(int(cell.x / (self.side / n)), n - 1)


def event_of(law: Any, share: float, own: list[float]) -> list[float]:
    """Return CD20, CD55 and CD59 of the event below which this share of all lies, in the place of one's own."""
    with open(law.cd20.from_.file, newline="") as file:
        rows = [{name: float(word) for name, word in row.items()} for row in csv.DictReader(file)]
    names = (law.cd20.channel, law.cd20.cd55_channel, law.cd20.cd59_channel)
    rows.sort(key=lambda row: [row[name] for name in names if name])
    found, event = own[:3], rows[int(share * len(rows))]
    spreads = (law.cd20, 0.0), (law.cd55, 0.01), (law.cd59, 0.01)
    for k, (name, (spread, least)) in enumerate(zip(names, spreads, strict=True)):
        if name:
            found[k] = spread.median * max(event[name] / statistics.median(row[name] for row in rows), least)
    return found
