"""The typical patient of gertz2004, written from the text of ``abm odd`` alone, without a look at the code.

Four weekly infusions of rituximab; subclones that share their CD20; drug, marrow, plasma cells, IL-6 and serum IgM.
Names and numbers are those of the text (parts 5 and 7) with the cohort left out; albumin and viscosity, on which
nothing here depends, are left out too.
"""

from dataclasses import dataclass

import numpy as np

MOLECULES_PER_NM_UL = 6.02214076e8
PLASMA_L = 3.0
CELLS, REFERENCE_CELLS, REFERENCE_CD20 = 430e9, 430e9, 152_000.0
N_AGENTS, CD20_SIGMA, NICHE_FRAC = 4_300, 0.4, 0.05
DOSE_MG, INFUSION_H, DOSE_EVERY_H, N_DOSES = 375.0 * 1.85, 4.0, 168.0, 4
V1_L, V2_L, Q_L_PER_H, CL1_L_PER_H, CL2_L_PER_H, ANTIGEN_MAX = 2.7, 1.5, 0.0125, 0.14 / 24, 0.59 / 24, 3.0
MW_KDA, KD_NM, KON_PER_NM_H, SITES_PER_CD20 = 145.0, 0.8, 300_000 * 3.6e-6, 0.7
INTERNALISED_PER_H, CD20_RECOVERY_PER_H = 0.0075, 0.00125
AGE_YEARS, POTENCY_MAX, POTENCY_EC50_UM, POTENCY_LAG_H = 65, 0.3, 1.0, 4.0
GRANULES_H = 926.4
MARROW_FRAC, EC50_UG_PER_ML = 0.492, 11.6
KILL_PER_H, REL_VF, CD20_POWER, SATURATION_CELLS, REL_NICHE, KILLS_TO_TIRE = 0.55 / 24, 1.1, 0.7, 47e9, 0.029, 1.04e12
GROWTH_PER_H, REL_CAPACITY = 0.0115 / 24, 1.25
NICHE_PER_H = 0.00304 / 24
FED_PER_H, PLASMA_HALF_LIFE_H, REL_LONG_LIVED = 0.002 / 24, 1272.0, 0.305
IL6_STRENGTH, IL6_TAU_H, HALF_COATED = 0.128, 79.2, 0.018
B_CELL_G_PER_H, PLASMA_CELL_G_PER_H, IGM_HALF_LIFE_H, INTRAVASCULAR = 4.6e-12 / 24, 6.625e-12, 122.4, 0.82


@dataclass
class Patient:
    """One patient: columns have a row for each subclone."""

    set_point: np.ndarray
    cd20: np.ndarray
    accessible: np.ndarray
    niche: np.ndarray
    plasma: np.ndarray
    long_lived: np.ndarray
    bound: np.ndarray
    igm_g: float
    central_mg: float = 0.0
    tissue_mg: float = 0.0
    granules: float = 1.0
    potency: float = 1.0
    effect: float = 0.0
    il6: float = 0.0

    @property
    def cells(self):
        return self.accessible.sum() + self.niche.sum()

    @property
    def drug_ug_per_mL(self):
        return self.central_mg / V1_L

    @property
    def igm_g_per_L(self):
        return INTRAVASCULAR * self.igm_g / PLASMA_L


def start(seed, cd20_sigma, n_agents):
    z = np.random.default_rng(seed).standard_normal(n_agents)
    cd20 = REFERENCE_CD20 * np.exp(cd20_sigma * z)
    cells = np.full(n_agents, CELLS / n_agents)
    plasma = FED_PER_H * cells / (np.log(2) / PLASMA_HALF_LIFE_H)
    long_lived = REL_LONG_LIVED * plasma
    secreted = B_CELL_G_PER_H * cells.sum() + PLASMA_CELL_G_PER_H * (plasma + long_lived).sum()
    return Patient(
        cd20,
        cd20.copy(),
        (1 - NICHE_FRAC) * cells,
        NICHE_FRAC * cells,
        plasma,
        long_lived,
        np.zeros(n_agents),
        secreted / (np.log(2) / IGM_HALF_LIFE_H),
    )


def relax(value, end, per_h, dt_h):
    return end + (value - end) * np.exp(-per_h * dt_h)


def move_drug(p, infusion_mg_per_h, dt_h):
    """Exact for amounts in plasma and tissue: the 2 by 2 linear system has real roots and a resting point."""
    antigen = min(((p.accessible + p.niche) * p.cd20).sum() / (REFERENCE_CELLS * REFERENCE_CD20), ANTIGEN_MAX)
    out = (CL1_L_PER_H + CL2_L_PER_H * antigen) / V1_L
    there, back = Q_L_PER_H / V1_L, Q_L_PER_H / V2_L
    matrix = np.array([[-out - there, back], [there, -back]])
    rest = np.linalg.solve(matrix, [-infusion_mg_per_h, 0.0])
    roots, vectors = np.linalg.eig(matrix)
    weights = np.linalg.solve(vectors, np.array([p.central_mg, p.tissue_mg]) - rest)
    p.central_mg, p.tissue_mg = rest + vectors @ (weights * np.exp(roots * dt_h))


def lose_cd20(p, dt_h):
    """Antibody binds at the concentration in plasma; it is taken in with its CD20, which grows back."""
    free_nM = p.drug_ug_per_mL * 1000 / MW_KDA
    p.bound = relax(
        p.bound, SITES_PER_CD20 * p.cd20 * free_nM / (free_nM + KD_NM), KON_PER_NM_H * (free_nM + KD_NM), dt_h
    )
    lost = p.bound * -np.expm1(-INTERNALISED_PER_H * dt_h)
    p.bound -= lost
    p.cd20 = relax(np.maximum(p.cd20 - lost / SITES_PER_CD20, 0), p.set_point, CD20_RECOVERY_PER_H, dt_h)


def act_on_effectors(p, dt_h):
    dheas_uM = 3470 * np.exp(-0.0329 * (AGE_YEARS - 22)) / 368.5
    p.potency = relax(p.potency, 1 + POTENCY_MAX * dheas_uM / (dheas_uM + POTENCY_EC50_UM), 1 / POTENCY_LAG_H, dt_h)
    in_marrow = MARROW_FRAC * p.drug_ug_per_mL
    p.effect = in_marrow / (in_marrow + EC50_UG_PER_ML)


def kill(p, dt_h):
    hazard_per_h = KILL_PER_H * REL_VF * p.potency * p.granules * p.effect * (p.cd20 / REFERENCE_CD20) ** CD20_POWER
    hazard_per_h /= 1 + p.cells / SATURATION_CELLS
    accessible = p.accessible * -np.expm1(-hazard_per_h * dt_h)
    niche = p.niche * -np.expm1(-REL_NICHE * hazard_per_h * dt_h)
    n_killed = accessible.sum() + niche.sum()
    if n_killed < 0.5:  # of the whole clone, in both places together
        return
    p.accessible -= accessible
    p.niche -= niche
    p.granules *= np.exp(-n_killed / KILLS_TO_TIRE)


def grow(p, dt_h):
    factor = np.exp(GROWTH_PER_H * (1 - p.cells / (REL_CAPACITY * CELLS)) * dt_h)
    p.accessible *= factor
    p.niche *= factor


def exchange_with_niche(p, dt_h):
    all_cells = p.accessible + p.niche
    p.niche = relax(p.niche, NICHE_FRAC * all_cells, NICHE_PER_H / (1 - NICHE_FRAC), dt_h)
    p.accessible = all_cells - p.niche


def feed_plasma_cells(p, dt_h):
    death_per_h = np.log(2) / PLASMA_HALF_LIFE_H
    p.plasma = relax(p.plasma, FED_PER_H * (p.accessible + p.niche) / death_per_h, death_per_h, dt_h)


def release_il6(p, dt_h):
    coated = p.effect * (p.accessible * p.cd20).sum() / (REFERENCE_CELLS * REFERENCE_CD20)
    p.il6 = relax(p.il6, coated / (coated + HALF_COATED), 1 / IL6_TAU_H, dt_h)


def turn_igm_over(p, dt_h):
    secreted = B_CELL_G_PER_H * p.cells + PLASMA_CELL_G_PER_H * (p.plasma + p.long_lived).sum()
    loss_per_h = np.log(2) / IGM_HALF_LIFE_H
    p.igm_g = relax(p.igm_g, secreted * (1 + IL6_STRENGTH * p.il6) / loss_per_h, loss_per_h, dt_h)


def step(p, t_h, dt_h):
    """The phases of part 3 in their order, from ``t_h`` on."""
    is_infused = any(k * DOSE_EVERY_H <= t_h < k * DOSE_EVERY_H + INFUSION_H for k in range(N_DOSES))
    move_drug(p, DOSE_MG / INFUSION_H if is_infused else 0.0, dt_h)
    p.granules = relax(p.granules, 1.0, 1 / GRANULES_H, dt_h)
    lose_cd20(p, dt_h)
    act_on_effectors(p, dt_h)
    kill(p, dt_h)
    grow(p, dt_h)
    exchange_with_niche(p, dt_h)
    feed_plasma_cells(p, dt_h)
    release_il6(p, dt_h)
    turn_igm_over(p, dt_h)


def look(p, t_h):
    return {
        "t_h": t_h,
        "igm_g_per_L": p.igm_g_per_L,
        "drug_ug_per_mL": p.drug_ug_per_mL,
        "accessible_cells": p.accessible.sum(),
        "niche_cells": p.niche.sum(),
        "plasma_cells": p.plasma.sum(),
        "il6": p.il6,
        "granules": p.granules,
    }


def patient(look_at_h, seed=1, cd20_sigma=CD20_SIGMA, n_agents=N_AGENTS):
    """Rows at the moments ``look_at_h``: steps of 4 h to 200 d, of 48 h from then on, cut at each look."""
    duration_h = max(look_at_h)
    ticks = {*np.arange(0, 4800, 4.0), *np.arange(4800, duration_h + 1, 48.0), *map(float, look_at_h)}
    ticks = sorted(t for t in ticks if t <= duration_h)
    p, rows = start(seed, cd20_sigma, n_agents), []
    for k, t_h in enumerate(ticks):
        if t_h in look_at_h:
            rows.append(look(p, t_h))
        if k + 1 < len(ticks):
            step(p, t_h, ticks[k + 1] - t_h)
    return rows
