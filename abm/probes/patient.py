"""One row of a patient: serum levels, drug, cells by compartment, and how much was given.

A look at the moment of a dose or a plasma exchange is before it, at the start as later, as blood is drawn first.
"""

import math
from typing import Any, ClassVar, Literal

import numpy as np

from abm.core.measure import Measure
from abm.core.population import Population
from abm.core.probe import Probe, Row, own
from abm.core.world import World

PARTS = {"clone": "igm_clone_g", "plasma": "igm_plasma_g", "long_lived": "igm_long_lived_g"}
REFERENCE_MFI = 65.0
NOTHING, UNKNOWN = 0.0, math.nan  # for a level that no process of the scenario models
LEVELS = {"il6": ("il6", NOTHING), "albumin_g_per_L": ("albumin_g_per_L", UNKNOWN),
          "viscosity_cP": ("viscosity_cP", UNKNOWN)}  # fmt: skip


class Patient(Probe):
    """Levels and cells of the patient."""

    kind: Literal["patient"] = "patient"
    table: ClassVar = "series"
    scale: ClassVar = "body"
    measures: ClassVar = (
        Measure("time_h", "h", "time"),
        Measure("igm_g_per_L", "g/L", "serum IgM"),
        Measure("igm_clone_g_per_L", "g/L", "serum IgM of clonal B cells"),
        Measure("igm_plasma_g_per_L", "g/L", "serum IgM of fed plasma cells"),
        Measure("igm_long_lived_g_per_L", "g/L", "serum IgM of long-lived plasma cells"),
        Measure("*_ug_per_mL", "ug/mL", "* in plasma"),
        Measure("il6", "1", "IL-6 beyond the usual", shown="relative"),
        Measure("albumin_g_per_L", "g/L", "serum albumin"),
        Measure("viscosity_cP", "cP", "serum viscosity"),
        Measure("dosed_mg", "mg", "antibody given"),
        Measure("n_clone", "cells", "clone", shown="10⁹ cells", factor=1e-9),
        Measure("n_niche", "cells", "clone in the marrow's niche", shown="10⁹ cells", factor=1e-9),
        Measure("n_plasma", "cells", "plasma cells", shown="10⁹ cells", factor=1e-9),
        Measure("n_long_lived", "cells", "long-lived plasma cells", shown="10⁹ cells", factor=1e-9),
        Measure("lymphocytes_per_nL", "1/nL", "lymphocytes"),
        Measure("n_accessible", "cells", "clone in blood", shown="10⁹ cells", factor=1e-9),
        Measure("n_tissue", "cells", "clone in tissue", shown="10⁹ cells", factor=1e-9),
        Measure("n_c481s", "cells", "clone with BTK C481S", shown="10⁹ cells", factor=1e-9),
        Measure("surface_igm_MFI", "1", "surface IgM in blood", shown="MFI"),
        Measure("baseline_surface_igm_MFI", "1", "surface IgM at the start", shown="MFI"),
        Measure("calcium_percent", "%", "calcium mobilisation at the start"),
        Measure("signal_rel", "1", "signal", shown="of that without drug"),
        Measure("btk_free", "1", "BTK that is free", "share"),
        Measure("rel_cd20", "1", "CD20 of the clone", shown="relative to its set points"),
        Measure("effectors", "1", "granules of NK cells", shown="of full"),
    )

    def observe(self, world: World) -> Row:
        """Read levels and totals, of several patients as arrays."""
        b, pools = world.populations[world.target], world.pools
        row: dict[str, Any] = {"time_h": world.t_h}
        clone = world.cell_types[world.target]
        row |= _of_igm(world) if "pools.igm_g_per_L" in clone.brings or "igm_g_per_L" in pools else {}
        drugs = [drug.kind for drug in world.properties["antibodies"].shown]
        row |= {f"{drug}_ug_per_mL": pools[f"drug_{drug}_ug_per_mL"] for drug in drugs}
        row |= {name: pools.amounts.get(pool, without) for name, (pool, without) in LEVELS.items()}
        row["dosed_mg"] = sum(pools[f"drug_{drug}_dosed_mg"] for drug in drugs)
        totals = {who: _total(b, f"{who}_cells") for who in ("accessible", "niche", "plasma", "long_lived")}
        row |= {"n_clone": totals.pop("accessible") + totals["niche"]}
        row |= {f"n_{who}": cells for who, cells in totals.items()}
        row |= _of_signalling(world) if "signal" in b and "accessible_cells" in b else {}
        row |= clone.totals(b, pools)
        row["rel_cd20"] = _relative_cd20(b)
        armed = [cells for cells in world.populations.values() if "granules" in cells]
        row["effectors"] = _mean(armed[0], armed[0].granules) if armed else math.nan
        return own(row, 0) if world.n_subjects == 1 else row


def _of_igm(world: World) -> Row:
    """Return the level in serum and its parts by who secreted them."""
    pools = world.pools
    grams, igm = sum(pools[name] for name in PARTS.values()), pools["igm_g_per_L"]
    per_g = igm / np.where(grams > 0.0, grams, 1.0)
    return {"igm_g_per_L": igm} | {f"igm_{who}_g_per_L": pools[name] * per_g for who, name in PARTS.items()}


def _of_signalling(world: World) -> Row:
    """Return surface IgM of the cells in reach, signal and free BTK, and what was measured at the start."""
    b, pools = world.populations[world.target], world.pools
    reached = b.sums(b.accessible_cells)
    return {
        "surface_igm_MFI": REFERENCE_MFI * _share(b.sums(b.accessible_cells, b.surface_igm), reached),
        "signal_rel": _share(_of_cells(b, b.signal_rel), _of_cells(b)),
        "btk_free": pools.amounts.get("btk_free", 1.0),
        "baseline_surface_igm_MFI": pools["surface_igm_MFI"],
        "calcium_percent": pools["calcium_percent"],
    }


def _total(b: Population, column: str) -> np.ndarray:
    return b.sums(b[column]) if column in b else np.zeros(b.n_subjects)


def _of_cells(b: Population, values: np.ndarray | None = None) -> np.ndarray:
    """Return the sum of a value over the B cells of each patient; without one, their number."""
    return b.sums(b.accessible_cells, values) + b.sums(b.niche_cells, values)


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Return a part over the whole, of each patient; missing where there is nothing."""
    return np.divide(part, whole, out=np.full(whole.size, math.nan), where=whole > 0.0)


def _mean(cells: Population, values: np.ndarray) -> np.ndarray:
    return _share(cells.sums(values), np.diff(cells.first).astype(float))


def _relative_cd20(b: Population) -> Any:
    """Return CD20 of the clone's B cells relative to their set points; missing without cells."""
    if "accessible_cells" not in b:
        return math.nan
    return _share(_of_cells(b, b.cd20_per_cell), _of_cells(b, b.cd20_start_per_cell))
