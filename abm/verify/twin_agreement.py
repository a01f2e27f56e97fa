"""The engine against its plain-Python twin, which shares with it parameters and random numbers alone: cell by cell."""

from functools import partial

import numpy as np

from abm.core.simulation import Simulation
from abm.verify.check import Case, Check
from abm.verify.twin.run import run
from abm.verify.twin.well import Well
from abm.verify.wells import finished, patch

OF_DEATHS = ("uid", "killer_uid", "mac_per_cell")
NUMBERS_OF_DEATHS = ("time_h", "t_lysis_h", "x_um", "y_um", "cd20_per_cell", "bound_per_cell", "c3b_per_cell")
NUMBERS_OF_NK = {"x_um": "x", "y_um": "y", "granules": "granules", "cd16": "cd16", "potency": "potency"}
LAST = 1e-9
SAME, ORDER = "the same random numbers decide the same", "the same sums in another order differ in the last digits"


def differences(simulation: Simulation, twin: Well) -> tuple[dict[str, int], dict[str, float]]:
    """Return how many rows differ in what is counted, and the largest relative difference of what is measured."""
    world, deaths = simulation.world, simulation.world.deaths["b_cells"]
    causes = simulation.processes["fate"].causes(world.populations["b_cells"])
    order, expected = np.argsort(deaths.uid), sorted(twin.deaths, key=lambda d: d.uid)
    counted = {"deaths: cause": _unlike([causes[code] for code in deaths.cause[order]], [d.cause for d in expected])}
    counted |= {f"deaths: {k}": _unlike(deaths[k][order], [getattr(d, k) for d in expected]) for k in OF_DEATHS}
    near = {f"deaths: {k}": _apart(deaths[k][order], [getattr(d, k) for d in expected]) for k in NUMBERS_OF_DEATHS}
    b, cells = world.populations["b_cells"], sorted(twin.b, key=lambda c: c.uid)
    order = np.argsort(b.uid)
    counted["B cells: uid"] = _unlike(b.uid[order], [c.uid for c in cells])
    counted["B cells: pores"] = _unlike(b.mac_per_cell[order], [c.mac for c in cells])
    near["B cells: damage"] = _apart(b.damage[order], [c.damage for c in cells])
    nk = world.populations.get("nk_cells")
    if nk is not None:
        order, others = np.argsort(nk.uid), sorted(twin.nk, key=lambda n: n.uid)
        counted["NK cells: uid"] = _unlike(nk.uid[order], [n.uid for n in others])
        counted["NK cells: kills"] = _unlike(nk.n_kills[order], [n.n_kills for n in others])
        for column, name in NUMBERS_OF_NK.items():
            near[f"NK cells: {name}"] = _apart(nk[column][order], [getattr(n, name) for n in others])
    names = (*twin.pools, "igm_secreted", "igm_released", "c3", "c5c9")
    near |= {f"pool: {k}": _apart([world.pools[k]], [twin.pools.get(k, 0.0)]) for k in names}
    return counted, near


def _unlike(found, expected) -> int:
    found, expected = list(found), list(expected)
    return sum(a != b for a, b in zip(found, expected, strict=False)) + abs(len(found) - len(expected))


def _apart(found, expected) -> float:
    """Return the largest relative difference; infinite where something is no number, or one has more."""
    found, expected = np.asarray(found, float), np.asarray(expected, float)
    if found.shape != expected.shape:
        return np.inf
    with np.errstate(invalid="ignore"):
        off = np.where(found == expected, 0.0, np.abs(found - expected))
    relative = off / np.where(expected == 0.0, 1.0, np.abs(expected))
    return float(np.nan_to_num(relative, nan=np.inf).max(initial=0.0))


def arm(name: str, *sets: str) -> list[Check]:
    """Compare an hour of one arm on a small patch."""
    scenario = patch("duration=1 h", *sets)
    simulation, twin = finished(scenario, name), run(Well(scenario, name))
    counted, near = differences(simulation, twin)
    widest = max(near, key=lambda k: near[k])
    of = f"{len(twin.deaths)} deaths and {len(twin.b) + len(twin.nk)} cells of the arm {name}"
    return [
        Check(f"Differences in {of}", "", float(sum(counted.values())), 0.0, 0.0, SAME),
        Check(f"largest relative one of measured values ({widest})", "", near[widest], 0.0, LAST, ORDER),
    ]


CASES: dict[str, Case] = {f"twin-{name}": partial(arm, name) for name in ("serum", "effectors", "both")}
