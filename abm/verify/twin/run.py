"""The floor assay once more, in plain Python: one object per cell, every rule written out, no kernel of the engine.

The twin takes its parameters from a scenario and its random numbers from the same Philox counters, so it must agree
with the engine cell by cell. It knows the processes of the wells' parameter set, reflecting walls, and no division.
"""

import math
from itertools import pairwise

from abm.verify.twin.cells import BCell, Death
from abm.verify.twin.effectors import engage, hit, move, shave
from abm.verify.twin.medium import add_what_is_due, medium
from abm.verify.twin.philox import Key, uniforms
from abm.verify.twin.targets import antibody_on_cells, complement
from abm.verify.twin.well import Well


def run(well: Well) -> Well:
    """Advance to the end."""
    dt, duration = well.scenario.dt, well.scenario.duration
    grid = [k * dt for k in range(math.ceil(duration / dt - 1e-9))] + [duration]
    for well.step_number, (start, end) in enumerate(pairwise(grid)):
        well.t, well.dt = start, round(end - start, 12)
        step(well)
    return well


def step(well: Well) -> None:
    """Advance by one step, in the order of the phases."""
    add_what_is_due(well)
    medium(well)
    antibody_on_cells(well)
    complement(well)
    engage(well)
    hit(well)
    shave(well)
    fate(well)
    move(well)


def fate(well: Well) -> None:
    """Competing causes: total hazard decides when, shares decide which, a mark wins when earlier; then lysis."""
    key = well.key("fate.b_cells")
    for name, n in well.arriving:
        well.enter(name, n)
    well.arriving.clear()
    for c in well.b:
        if not c.is_dying:
            _commit(well, c, *_first_event(well, c, key))
    for c in [c for c in well.b if c.t_lysis <= well.t + well.dt]:
        for kind, bound in c.bound_of.items():
            well.gain(f"antibody_{kind}_lysed", bound)
        well.gain("igm_released", c.igm_stored)
        for n in well.nk:
            n.partner = None if n.partner is c else n.partner
        well.b.remove(c)


def _first_event(well: Well, c: BCell, key: Key) -> tuple[str, float]:
    background, is_fixed = well.law["death"].rate_per_h, well.scenario.populations.b_cells.is_fixed
    total, cause, moment = 0.0 if is_fixed else background + c.hazard_cdc, "", well.dt
    u, share = uniforms(key, c.uid, 0)
    waited = -math.log1p(-u) / total if total > 0.0 else math.inf
    if waited < moment:
        moment, cause = waited, "background" if share * total < background else "cdc"
    return ("adcc", c.mark) if c.mark < moment else (cause, moment)


def _commit(well: Well, c: BCell, cause: str, moment: float) -> None:
    if not cause:
        return
    time_h, killer = well.t + moment, c.marked_by if cause == "adcc" else None
    c.t_lysis = time_h + (well.law["killing"].lag if cause == "adcc" else 0.0)
    if killer:
        killer.n_kills += 1
    last = (c.x, c.y, c.cd20, c.bound, c.c3b, c.mac)
    well.deaths.append(Death(c.uid, time_h, c.t_lysis, cause, killer.uid if killer else -1, *last))
