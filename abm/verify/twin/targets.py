"""Antibody and complement on B cells."""

import math
from typing import Any

import numpy as np
from scipy.linalg import expm

from abm.verify.twin.cells import BCell
from abm.verify.twin.philox import binomial, poisson
from abm.verify.twin.well import COMPLEMENT, Well


def antibody_on_cells(well: Well) -> None:
    """Binding, internalisation with recovery of CD20, the shield of old C3b, and the potency of NK cells."""
    _bind(well)
    for c in well.b:
        _see(c, well.drugs)
    law, lived_h = well.law["internalisation"], 0.0 if well.scenario.populations.b_cells.is_fixed else well.dt
    for kind, drug in well.drugs.items():
        share = -math.expm1(-law.rate_per_h * drug.rel_internalisation * lived_h)
        for c in well.b:
            lost = c.bound_of[kind] * share
            c.bound_of[kind] -= lost
            c.cd20 = max(0.0, c.cd20 - lost / drug.sites_per_cd20)
            well.gain(f"antibody_{kind}_internalised", lost)
    for c in well.b:
        c.cd20 += (c.cd20_start - c.cd20) * -math.expm1(-law.recovery_per_h * lived_h)
    shield, is_cover = well.law.get("c3b_shield") or well.law["c3b_cover"], "c3b_cover" in well.law
    for c in well.b:
        left = 1.0 - shield.max_frac * c.c3b / (c.c3b + shield.c3b50_per_cell)
        c.open_frac, c.signal_frac = (1.0, left) if is_cover else (left, 1.0)
    law = well.law["dheas_potency"]
    for n in well.nk:
        dheas_uM = max(well.dheas[well.voxel(n)], 0.0) * 1e-3
        steady = 1.0 + law.max_effect * dheas_uM / (dheas_uM + law.ec50_uM)
        n.potency += (steady - n.potency) * -math.expm1(-well.dt / law.lag)


def _bind(well: Well) -> None:
    """Solve ``du/dt = kon C (N - sum of u) - koff u`` for the CD20 that each antibody covers, C held."""
    drugs = list(well.drugs.items())
    if not drugs:
        return
    free = np.array([_mean_free_nM(well, kind) for kind, _ in drugs])
    kon = np.array([drug.kon_per_M_per_s * 3600e-9 for _, drug in drugs])
    slopes = -np.diag(kon * [drug.kd_nM for _, drug in drugs]) - (kon * free)[:, None]
    ends = np.linalg.solve(-slopes, kon * free)
    kept, sites = expm(slopes * well.dt), np.array([drug.sites_per_cd20 for _, drug in drugs])
    for c in well.b:
        before = np.array([c.bound_of[kind] for kind in well.drugs])
        after = sites * (ends * c.cd20 + kept @ (before / sites - ends * c.cd20))
        for (kind, _), was, now in zip(drugs, before, after, strict=True):
            c.bound_of[kind] = now
            well.gain(f"antibody_{kind}", was - now)
    if min(well.pools[f"antibody_{kind}"] for kind in well.drugs) < -1e-6:
        raise ValueError("the twin knows no shortage of antibody")


def _mean_free_nM(well: Well, kind: str) -> float:
    drug, per_nM = well.drugs[kind], well.molecules(1.0)
    kon, sites = drug.kon_per_M_per_s * 3600e-9, drug.sites_per_cd20
    total = {k: sum(c.bound_of.setdefault(k, 0.0) for c in well.b) for k in well.drugs}
    covered = sum(total[k] / other.sites_per_cd20 for k, other in well.drugs.items() if k != kind)
    unbound = max(0.0, sites * (sum(c.cd20 for c in well.b) - covered) - total[kind])
    rate, free = kon * unbound / per_nM, well.nM(f"antibody_{kind}")
    if rate * well.dt < 1e-12:
        return free
    end = kon * drug.kd_nM * total[kind] / per_nM / rate
    return end + (free - end) * -math.expm1(-rate * well.dt) / (rate * well.dt)


def _see(c: BCell, drugs: dict[str, Any]) -> None:
    """Set what C1q and CD16 see: the mean over what is bound."""
    for name in ("rel_c1q", "rel_cd16"):
        seen = sum(bound * getattr(drugs[kind], name) for kind, bound in c.bound_of.items())
        setattr(c, name, seen / c.bound if c.bound > 0.0 else 1.0)


def complement(well: Well) -> None:
    """Docking events, C3b, MACs and the hazard of lysis; available: c / (c + K) of each component."""
    serum, is_limiting = well.scenario.serum, "complement_docking_limiting" in well.law
    kind = "complement_docking_limiting" if is_limiting else "complement_docking"
    law, key, shares = well.law[kind], well.key_of(kind), []
    for name in COMPLEMENT[:3]:
        level = well.nM(name) / getattr(serum, f"{name}_nM")
        shares.append(level / (level + getattr(law, f"half_{name}_frac")))
    q = min(shares) if is_limiting else math.prod(shares)
    for c in well.b:
        crowding = (c.bound / law.rho50_per_cell) ** law.steepness
        mean = law.max_per_h * q * c.rel_c1q * well.dt * crowding / (1.0 + crowding)
        c.docked = poisson(mean, key, c.uid)
    events = sum(c.docked for c in well.b)
    well.spend("c1q", events * law.c1q_per_event, "used")
    well.spend("c2c4", events * law.c2c4_per_event, "used")
    _deposit_c3b(well)
    _insert_mac(well)
    law = well.law["mac_lysis"]
    for c in well.b:
        together = (c.mac / law.mac50_per_cell) ** law.steepness
        c.hazard_cdc = law.max_per_h * together / (1.0 + together)


def _deposit_c3b(well: Well) -> None:
    law, key = well.law["c3b_deposition"], well.key_of("c3b_deposition")
    for c in well.b:
        old, mean, most = c.c3b * math.exp(-law.loss_per_h * well.dt), law.burst * c.docked / c.cd55, law.most_per_cell
        laid = poisson(mean if most is None else max(most - old, 0.0) * -math.expm1(-mean / most), key, c.uid)
        c.c3b = old + laid
        well.spend("c3", laid * law.c3_per_c3b, "used")


def _insert_mac(well: Well) -> None:
    law, key = well.law["mac_insertion"], well.key_of("mac_insertion")
    level = well.nM("c5c9") / well.scenario.serum.c5c9_nM
    per_event = law.per_event * level / (level + law.half_c5c9_frac)
    for c in well.b:
        c.mac -= binomial(c.mac, -math.expm1(-law.repair_per_h * well.dt), key, c.uid, 1) if c.mac else 0
        inserted = poisson(per_event * c.docked / (math.sqrt(c.cd55) * c.cd59), key, c.uid)
        c.mac += inserted
        well.spend("c5c9", inserted, "used")
