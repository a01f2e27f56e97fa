"""NK cells: engagement, hits, shaving, walking."""

import math
from typing import Any

from abm.verify.twin.cells import BCell, NKCell
from abm.verify.twin.philox import Key, pair_uniform, poisson, uniform, uniforms
from abm.verify.twin.well import Well


def engage(well: Well) -> None:
    """NK cells part from and engage the targets they touch; the cap is kept in the order of a draw."""
    law, key = well.law["engagement"], well.key_of("engagement")
    _show_fc(well, law)
    for n in well.nk:
        if n.partner:
            rate_per_h = law.unbinding_dying_per_h if n.partner.is_dying else law.unbinding_per_h
            if uniform(key, n.uid, 0) < -math.expm1(-rate_per_h * well.dt):
                n.partner = None
    held = [n.partner.uid for n in well.nk if n.partner]
    for c in well.b:
        c.n_engaged = held.count(c.uid)
    open_targets = [c for c in well.b if c.fc > 0.0 and c.n_engaged < law.max_per_target]
    queue = []
    for n in well.nk:
        chosen, total = _touch(well, n, open_targets, key) if n.partner is None else (None, 0.0)
        u, order = uniforms(key, n.uid, 1)
        room = math.exp(-well.n_others * law.place_um2 / well.side**2)
        rate = law.rate_per_h * room * well.dt * n.cd16 * n.rel_engagement * total
        if chosen and u < -math.expm1(-rate):
            queue.append((order, n, chosen))
    for _, n, chosen in sorted(queue, key=lambda item: item[0]):
        if chosen.n_engaged < law.max_per_target:
            n.partner = chosen
            chosen.n_engaged += 1
            n.cd16 *= 1.0 - law.cd16_shed_frac


def _show_fc(well: Well, law: Any) -> None:
    half = {"VV": law.fc50_vv_per_cell, "FF": law.fc50_ff_per_cell}
    half["VF"] = math.sqrt(half["VV"] * half["FF"])
    igg = well.law["igg_competition"]
    igg_uM = well.nM("igg") * 1e-3
    occupied = (1.0 + igg_uM / igg.k_uM) / (1.0 + igg_uM / (igg.k_uM * (igg.most_fold or math.inf)))
    is_activated = well.scenario.populations.nk_cells.state in ("il2", "il2_pbmc")
    natural = law.natural_il2_frac if is_activated else law.natural_resting_frac
    natural *= well.scenario.populations.b_cells.rel_natural
    for c in well.b:
        half_here = half[well.scenario.covariates.fcgr3a] / c.rel_cd16 * occupied
        seen = (c.bound * c.open_frac / half_here) ** law.steepness
        c.fc = natural + (1.0 - natural) * c.signal_frac * seen / (1.0 + seen)


def _touch(well: Well, n: NKCell, targets: list[BCell], key: Key) -> tuple[BCell | None, float]:
    radius = well.law["engagement"].contact_um
    touched = [c for c in targets if (c.x - n.x) ** 2 + (c.y - n.y) ** 2 <= radius**2]
    first = min(touched, key=lambda c: -math.log(pair_uniform(key, n.uid, c.uid)) / c.fc, default=None)
    return first, sum(c.fc for c in touched)


def hit(well: Well) -> None:
    """Lytic hits add up to damage; a cell with enough of it commits."""
    law, key = well.law["killing"], well.key_of("killing")
    taken = dict.fromkeys((c.uid for c in well.b), 0)
    for c in well.b:
        c.mark, c.marked_by = math.inf, None
    for n in well.nk:
        if not (n.is_killer and n.partner):
            continue
        primed = law.primed_fold if n.n_kills else 1.0
        mean = law.rate_per_h * well.dt * primed * n.granules * n.potency * n.rel_hit * n.partner.fc
        hits = poisson(mean, key, n.uid)
        n.granules *= (1.0 - law.granules_per_hit_frac) ** hits
        taken[n.partner.uid] += hits
        if hits:  # of several at once the one who came to the well last gets the kill
            n.partner.marked_by = n
    for c in well.b:
        c.damage = c.damage * math.exp(-law.repair_per_h * well.dt) + taken[c.uid]
        if taken[c.uid] and not c.is_dying and c.damage >= c.hits_needed:
            c.mark = uniform(key, c.uid, 50_000) * well.dt


def shave(well: Well) -> None:
    """Engaged NK cells strip antibody with its CD20."""
    share = -math.expm1(-well.law["shaving"].rate_per_h * well.dt)
    for c in well.b:
        for kind, drug in well.drugs.items() if c.n_engaged else ():
            lost = c.bound_of[kind] * share
            c.cd20 = max(0.0, c.cd20 - lost / drug.sites_per_cd20)
            well.gain(f"antibody_{kind}_shaved", lost)
            c.bound_of[kind] -= lost


def move(well: Well) -> None:
    """Free NK cells walk, turn now and then, and mirror at the walls."""
    law, key = well.law["motility"], well.key_of("motility")
    length = law.speed_um_per_min * 60.0 * well.dt
    for n in well.nk:
        n.wait_to_turn -= well.dt / law.persistence
        if n.wait_to_turn < 0.0:
            u, v = uniforms(key, n.uid, 0)
            n.wait_to_turn = -math.log(u)
            n.x_heading, n.y_heading = math.cos(2.0 * math.pi * v), math.sin(2.0 * math.pi * v)
        if n.partner is None:
            n.x, n.x_heading = _mirrored(well.side, n.x + n.x_heading * length, n.x_heading)
            n.y, n.y_heading = _mirrored(well.side, n.y + n.y_heading * length, n.y_heading)


def _mirrored(side_um: float, place: float, heading: float) -> tuple[float, float]:
    if place < 0.0:
        return -place, -heading
    return (2.0 * side_um - place, -heading) if place >= side_um else (place, heading)
