"""Dose and fields: what is added, and what happens in the medium."""

import math
from typing import Any

import numpy as np
from scipy.linalg import expm

from abm.verify.twin.well import COMPLEMENT, Well


def add_what_is_due(well: Well) -> None:
    """Add antibody and serum; cells enter in Fate."""
    for addition in well.additions:
        if abs(addition.at - well.t) > 1e-8:
            continue
        if addition.kind in well.drugs:
            nM = addition.amount * 1e3 / well.drugs[addition.kind].mw_kDa  # noqa: N806 - a unit
            well.gain(f"antibody_{addition.kind}", well.molecules(nM))
        elif addition.kind == "serum":
            _add_serum(well, addition.serum, addition.lacking)
        else:
            well.arriving.append((addition.kind, addition.amount))


def _add_serum(well: Well, frac: float, lacking: tuple[str, ...]) -> None:
    serum = well.scenario.serum
    for name in COMPLEMENT:
        if name not in lacking and "complement" not in lacking:
            well.gain(name, well.molecules(frac * getattr(serum, f"{name}_nM")))
    if "igg" not in lacking:
        well.gain("igg", well.molecules(frac * serum.igg_uM * 1e3))
    if "dheas" not in lacking:
        well.dheas += frac * _neat_dheas_nM(well.scenario.covariates, serum.donor)


def _neat_dheas_nM(person: Any, donor: Any) -> float:
    male = person.sex == "male"
    at_peak, slope, from_age = (3470.0, 0.0329, 22.0) if male else (2470.0, 0.0310, 17.0)
    own = donor.conversion * math.exp(donor.spread * (donor.deviation_sd + donor.il6_r * donor.il6_sd))
    return 1e3 * own * at_peak * math.exp(-slope * (person.age_years - from_age)) / 368.5


def medium(well: Well) -> None:
    """Decay of antibody and complement, DHEAS, IgM, recovery of NK cells."""
    for kind in well.drugs:
        free = well.pools.get(f"antibody_{kind}", 0.0)
        decayed = free * (1.0 - 0.5 ** (well.dt / well.law["antibody_decay"].half_life))
        well.gain(f"antibody_{kind}", -decayed)
        well.gain(f"antibody_{kind}_decayed", decayed)
    for name in COMPLEMENT:
        rate = getattr(well.law["complement_decay"], f"{name}_per_h")
        well.spend(name, well.pools.get(name, 0.0) * -math.expm1(-rate * well.dt), "decayed")
    _waste(well)
    _dheas(well)
    well.gain("igm_secreted", sum(c.igm_per_s for c in well.b if not c.is_dying) * well.dt * 3600.0)
    recovery = well.law["effector_recovery"]
    for n in well.nk:
        n.granules += (1.0 - n.granules) * -math.expm1(-well.dt / recovery.granules_time_constant)
        n.cd16 += (1.0 - n.cd16) * -math.expm1(-well.dt / recovery.cd16_time_constant)


def _waste(well: Well) -> None:
    law = well.law.get("complement_waste")
    if law is None:
        return
    level = well.nM("c1q") / well.scenario.serum.c1q_nM
    events = 0.0
    for kind, drug in well.drugs.items():
        lysed, free = (well.pools.get(f"antibody_{kind}{fate}", 0.0) for fate in ("_lysed", ""))
        events += drug.rel_c1q * (law.per_lysed_igg_per_h * lysed + law.per_free_igg_per_h * free)
    events *= well.dt * level / (level + law.half_c1q_frac)
    for name, per_event in (("c1q", 1.0), ("c2c4", law.c2c4_per_event), ("c3", law.c3_per_event)):
        well.spend(name, events * per_event, "used")


def _dheas(well: Well) -> None:
    law, n = well.law["dheas_field"], well.dheas.shape[0]
    line = np.diag(np.full(n, -2.0)) + np.diag(np.ones(n - 1), 1) + np.diag(np.ones(n - 1), -1)
    line[0, 0] = line[-1, -1] = -1.0
    spread = expm(line * law.diffusion_um2_per_s * 3600.0 * well.dt / (well.side / n) ** 2)
    well.dheas = spread @ well.dheas @ spread.T * math.exp(-law.loss_per_h * well.dt)
    cleared_per_h = 1e-6 * law.uptake_pL_per_h / (well.volume / n**2)
    crowd = np.zeros((n, n))
    for cell in well.nk:
        crowd[well.voxel(cell)] += 1.0
    well.dheas *= np.exp(-cleared_per_h * well.dt * crowd)
