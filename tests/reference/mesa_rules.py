"""The numbers of the Mesa model: a scenario's rates turned into what happens in one step."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

COMPLEMENT = ("c1q", "c2c4", "c3", "c5c9")


def lognormal(rng: np.random.Generator, law: Any, n: int) -> np.ndarray:
    """Draw the own value of each cell."""
    return law.median * np.exp(law.sigma * rng.standard_normal(n))


def lost(rate_per_h: float, dt_h: float) -> float:
    """Return the share lost in one step."""
    return -math.expm1(-rate_per_h * dt_h)


@dataclass(frozen=True)
class Rules:
    """Shares, chances and means of one step, and what they are made of."""

    dt_h: float
    dt_s: float
    sites: float
    kon: float
    kd_nM: float
    antibody_kept: float
    internalised: float
    regrown: float
    shield_max: float
    c3b50: float
    igg_k_nM: float
    fc50: float
    rho50: float
    docking: float
    docking_steepness: float
    half: dict[str, float]
    neat_nM: dict[str, float]
    complement_kept: dict[str, float]
    c1q_per_event: float
    c2c4_per_event: float
    c3_per_c3b: float
    burst: float
    c3b_kept: float
    mac_per_event: float
    repaired: float
    mac50: float
    mac_steepness: float
    lysis_per_h: float
    death_per_h: float
    lag_h: float
    damage_kept: float
    shaved: float
    contact_um: float
    cap: int
    engagement: float
    p_unbind: float
    p_unbind_dying: float
    cd16_kept: float
    cd16_regrown: float
    hits: float
    granules_kept: float
    refilled: float
    p_turn: float
    stride_um: float
    n_voxels: int
    n_diffusions: int
    diffusion: float
    dheas_kept: float
    uptake: float
    potency_max: float
    potency_ec50_nM: float
    potency_share: float

    def available(self, name: str, now_nM: float) -> float:
        """Return ``c / (c + K)`` of a complement component relative to neat serum."""
        level = now_nM / self.neat_nM[name]
        return level / (level + self.half[name])

    @classmethod
    def of(cls, assay: Any) -> "Rules":
        """Read a scenario; its NK cells are IL-2-activated and V/V."""
        law = {process.kind: process for process in assay.processes.values()}
        parts = (_antibody(assay, law), _complement(assay, law), _effectors(assay, law), _dheas(assay, law))
        return cls(dt_h=assay.dt, dt_s=3600.0 * assay.dt, **parts[0], **parts[1], **parts[2], **parts[3])


def _antibody(assay: Any, law: dict[str, Any]) -> dict[str, float]:
    drug, dt = assay.antibodies.rituximab, assay.dt
    inside, shield = law["internalisation"], law["c3b_shield"]
    return {
        "sites": drug.sites_per_cd20,
        "kon": 3600e-9 * drug.kon_per_M_per_s,
        "kd_nM": drug.kd_nM,
        "antibody_kept": 0.5 ** (dt / law["antibody_decay"].half_life),
        "internalised": lost(inside.rate_per_h, dt),
        "regrown": lost(inside.recovery_per_h, dt),
        "shield_max": shield.max_frac,
        "c3b50": shield.c3b50_per_cell,
        "igg_k_nM": 1e3 * law["igg_competition"].k_uM,
        "fc50": law["engagement"].fc50_vv_per_cell / drug.rel_cd16,
        "shaved": lost(law["shaving"].rate_per_h, dt),
    }


def _complement(assay: Any, law: dict[str, Any]) -> dict[str, Any]:
    dt, dock, c3b, mac = assay.dt, law["complement_docking"], law["c3b_deposition"], law["mac_insertion"]
    decay, lysis = law["complement_decay"], law["mac_lysis"]
    half = {name: getattr(dock, f"half_{name}_frac") for name in COMPLEMENT[:3]}
    return {
        "rho50": dock.rho50_per_cell,
        "docking": dock.max_per_h * dt * assay.antibodies.rituximab.rel_c1q,
        "docking_steepness": dock.steepness,
        "half": half | {"c5c9": mac.half_c5c9_frac},
        "neat_nM": {name: getattr(assay.serum, f"{name}_nM") for name in COMPLEMENT},
        "complement_kept": {name: 1.0 - lost(getattr(decay, f"{name}_per_h"), dt) for name in COMPLEMENT},
        "c1q_per_event": dock.c1q_per_event,
        "c2c4_per_event": dock.c2c4_per_event,
        "c3_per_c3b": c3b.c3_per_c3b,
        "burst": c3b.burst,
        "c3b_kept": 1.0 - lost(c3b.loss_per_h, dt),
        "mac_per_event": mac.per_event,
        "repaired": lost(mac.repair_per_h, dt),
        "mac50": lysis.mac50_per_cell,
        "mac_steepness": lysis.steepness,
        "lysis_per_h": lysis.max_per_h,
        "death_per_h": law["death"].rate_per_h,
    }


def _effectors(assay: Any, law: dict[str, Any]) -> dict[str, float]:
    dt, engage, kill, move = assay.dt, law["engagement"], law["killing"], law["motility"]
    return {
        "lag_h": kill.lag,
        "damage_kept": 1.0 - lost(kill.repair_per_h, dt),
        "contact_um": engage.contact_um,
        "cap": engage.max_per_target,
        "engagement": engage.rate_per_h * dt,
        "p_unbind": lost(engage.unbinding_per_h, dt),
        "p_unbind_dying": lost(engage.unbinding_dying_per_h, dt),
        "cd16_kept": 1.0 - engage.cd16_shed_frac,
        "cd16_regrown": lost(1.0 / law["effector_recovery"].cd16_time_constant, dt),
        "hits": kill.rate_per_h * dt,
        "granules_kept": 1.0 - kill.granules_per_hit_frac,
        "refilled": lost(1.0 / law["effector_recovery"].granules_time_constant, dt),
        "p_turn": lost(1.0 / move.persistence, dt),
        "stride_um": move.speed_um_per_min * 60.0 * dt,
    }


def _dheas(assay: Any, law: dict[str, Any]) -> dict[str, float]:
    dt, field, potency = assay.dt, law["dheas_field"], law["dheas_potency"]
    voxel_um = assay.space.side / field.voxels_per_side
    number = field.diffusion_um2_per_s * 3600.0 * dt / voxel_um**2
    n_diffusions = math.ceil(number / 0.2)
    return {
        "n_voxels": field.voxels_per_side,
        "n_diffusions": n_diffusions,
        "diffusion": number / max(1, n_diffusions),
        "dheas_kept": 1.0 - lost(field.loss_per_h, dt),
        "uptake": 1e-6 * field.uptake_pL_per_h * dt * field.voxels_per_side**2 / assay.space.volume,
        "potency_max": potency.max_effect,
        "potency_ec50_nM": 1e3 * potency.ec50_uM,
        "potency_share": lost(1.0 / potency.lag, dt),
    }
