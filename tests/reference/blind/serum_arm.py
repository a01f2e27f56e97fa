"""The serum arm of three_arms, written from the text of ``abm odd`` alone, without a look at the code it describes.

One well of B cells with rituximab and serum: binding, internalisation, docking of C1, C3b, membrane attack complexes
(MAC), lysis, background death. Names and numbers are those of the text (parts 5 and 7); what the other arms alone
need is left out.
"""

from dataclasses import dataclass, field

import numpy as np

MOLECULES_PER_NM_UL = 6.02214076e8
CD20_MEDIAN, CD20_SIGMA, LOW_FRACTION, LOW_MAX = 152_000.0, 0.4, 0.12, 4_000.0
CD55_SIGMA, CD59_SIGMA = 0.47, 0.31
IGM_PER_S, STORED_IGM, IGM_SIGMA = 100.0, 1e6, 0.5
SERUM_FRAC = 0.25
MW_KDA, KD_NM, KON_PER_NM_H, SITES_PER_CD20 = 145.0, 0.8, 300_000 * 3.6e-6, 0.7
NEAT_NM = {"c1q": 174.0, "c2c4": 196.0, "c3": 7030.0, "c5c9": 85.0}
DECAY_PER_H = {"c1q": 0.02, "c2c4": 0.3, "c3": 0.03, "c5c9": 0.05}
HALF_FRAC = {"c1q": 0.05, "c2c4": 0.1, "c3": 0.05, "c5c9": 0.1}
ANTIBODY_HALF_LIFE_H = 480.0
INTERNALISED_PER_H, CD20_RECOVERY_PER_H = 0.15, 0.1
DOCKED_MAX_PER_H, RHO50, DOCKING_STEEPNESS, C1Q_PER_EVENT, C2C4_PER_EVENT = 9_000.0, 72_000.0, 3.8, 1, 10
C3B_BURST, C3B_LOSS_PER_H, C3_PER_C3B = 560.0, 0.05, 10
MAC_PER_EVENT, MAC_REPAIR_PER_H = 0.167, 1.524
LYSIS_MAX_PER_H, MAC50, LYSIS_STEEPNESS = 17.4, 90.0, 10
BACKGROUND_PER_H = 0.003


@dataclass
class Well:
    """One well: a row for each living B cell, and amounts in molecules."""

    volume_uL: float
    cd20: np.ndarray
    set_point: np.ndarray
    cd55: np.ndarray
    cd59: np.ndarray
    igm_per_s: np.ndarray
    igm_stored: np.ndarray
    bound: np.ndarray
    c3b: np.ndarray
    mac: np.ndarray
    pools: dict = field(default_factory=dict)
    deaths: dict = field(default_factory=lambda: {"cdc": 0, "background": 0})
    igm_secreted: float = 0.0
    igm_released: float = 0.0

    @property
    def molecules_per_nM(self):
        return MOLECULES_PER_NM_UL * self.volume_uL

    def supply(self, component):
        """c / (c + K) of a component, K a share of the molecules in as much neat serum."""
        left = self.pools[component]
        half = HALF_FRAC[component] * NEAT_NM[component] * self.molecules_per_nM
        return left / (left + half)


COLUMNS = ("cd20", "set_point", "cd55", "cd59", "igm_per_s", "igm_stored", "bound", "c3b", "mac")


def start(n, volume_uL, rituximab_ug_per_mL, spread, rng):
    """A well with its additions; ``spread`` 0 makes all cells alike."""

    def log_normal(median, sigma):
        return median * np.exp(spread * sigma * rng.standard_normal(n))

    cd20 = log_normal(CD20_MEDIAN, CD20_SIGMA)
    is_low = rng.random(n) < spread * LOW_FRACTION
    cd20[is_low] = rng.uniform(0, LOW_MAX, is_low.sum())
    well = Well(
        volume_uL,
        cd20,
        cd20.copy(),
        log_normal(1, CD55_SIGMA),
        log_normal(1, CD59_SIGMA),
        log_normal(IGM_PER_S, IGM_SIGMA),
        log_normal(STORED_IGM, IGM_SIGMA),
        np.zeros(n),
        np.zeros(n, dtype=np.int64),
        np.zeros(n, dtype=np.int64),
    )
    well.pools = {name: SERUM_FRAC * nM * well.molecules_per_nM for name, nM in NEAT_NM.items()}
    well.pools["antibody"] = rituximab_ug_per_mL * 1000 / MW_KDA * well.molecules_per_nM
    return well


def decay(well, dt_h):
    well.pools["antibody"] *= np.exp(-np.log(2) / ANTIBODY_HALF_LIFE_H * dt_h)
    for name, rate_per_h in DECAY_PER_H.items():
        well.pools[name] *= np.exp(-rate_per_h * dt_h)


def bind(well, dt_h):
    """Two exact solutions: the mean of the free antibody over the step, then each cell at that mean."""
    volume = well.molecules_per_nM
    bound, unbound = well.bound.sum(), (SITES_PER_CD20 * well.cd20 - well.bound).sum()
    mean_nM = mean_free(well.pools["antibody"] / volume, KON_PER_NM_H * unbound / volume, bound, unbound, dt_h)
    end = SITES_PER_CD20 * well.cd20 * mean_nM / (mean_nM + KD_NM)
    gain = (end - well.bound) * -np.expm1(-KON_PER_NM_H * (mean_nM + KD_NM) * dt_h)
    if gain.sum() > well.pools["antibody"]:
        gain *= well.pools["antibody"] / gain.sum()
    well.bound += gain
    well.pools["antibody"] -= gain.sum()


def mean_free(free_nM, per_h, bound, unbound, dt_h):
    if per_h * dt_h < 1e-12:
        return free_nM
    rest_nM = KD_NM * bound / unbound
    return rest_nM + (free_nM - rest_nM) * -np.expm1(-per_h * dt_h) / (per_h * dt_h)


def internalise(well, dt_h):
    lost = well.bound * -np.expm1(-INTERNALISED_PER_H * dt_h)
    well.bound -= lost
    well.cd20 = np.maximum(well.cd20 - lost / SITES_PER_CD20, 0)
    well.cd20 = well.set_point + (well.cd20 - well.set_point) * np.exp(-CD20_RECOVERY_PER_H * dt_h)


def dock(well, dt_h, rng):
    rho_n = well.bound**DOCKING_STEEPNESS
    share = rho_n / (RHO50**DOCKING_STEEPNESS + rho_n)
    supply = well.supply("c1q") * well.supply("c2c4") * well.supply("c3")
    wanted = rng.poisson(DOCKED_MAX_PER_H * share * supply * dt_h)
    lasts_for = min(well.pools["c1q"] // C1Q_PER_EVENT, well.pools["c2c4"] // C2C4_PER_EVENT)
    docked = serve(wanted, lasts_for, rng)
    well.pools["c1q"] -= C1Q_PER_EVENT * docked.sum()
    well.pools["c2c4"] -= C2C4_PER_EVENT * docked.sum()
    return docked


def serve(wanted, n_left, rng):
    """Cells in an order drawn anew: whole events until none is left."""
    if wanted.sum() <= n_left:
        return wanted
    order = rng.permutation(len(wanted))
    before = np.cumsum(wanted[order]) - wanted[order]
    served = np.empty_like(wanted)
    served[order] = np.clip(n_left - before, 0, wanted[order])
    return served


def opsonise(well, docked, dt_h, rng):
    kept = well.c3b * np.exp(-C3B_LOSS_PER_H * dt_h)
    gain = rng.poisson(C3B_BURST * docked / well.cd55).astype(float)
    cost = C3_PER_C3B * gain.sum()
    if cost > well.pools["c3"]:
        gain *= well.pools["c3"] / cost
    well.c3b = kept + gain
    well.pools["c3"] -= C3_PER_C3B * gain.sum()


def insert_macs(well, docked, dt_h, rng):
    repaired = rng.binomial(well.mac, -np.expm1(-MAC_REPAIR_PER_H * dt_h))
    mean = MAC_PER_EVENT * docked * well.supply("c5c9") / (np.sqrt(well.cd55) * well.cd59)
    gained = serve(rng.poisson(mean), well.pools["c5c9"] // 1, rng)
    well.mac = well.mac - repaired + gained
    well.pools["c5c9"] -= gained.sum()


def die(well, lysis_max_per_h, dt_h, rng):
    """Competing causes: whether by the total hazard, which by the shares; both lyse at once."""
    mac_h = well.mac.astype(float) ** LYSIS_STEEPNESS
    cdc_per_h = lysis_max_per_h * mac_h / (MAC50**LYSIS_STEEPNESS + mac_h)
    total_per_h = cdc_per_h + BACKGROUND_PER_H
    is_dead = rng.random(len(well.mac)) < -np.expm1(-total_per_h * dt_h)
    is_cdc = is_dead & (rng.random(len(well.mac)) < cdc_per_h / total_per_h)
    well.deaths["cdc"] += int(is_cdc.sum())
    well.deaths["background"] += int(is_dead.sum() - is_cdc.sum())
    well.igm_released += well.igm_stored[is_dead].sum()
    for name in COLUMNS:
        setattr(well, name, getattr(well, name)[~is_dead])


def step(well, lysis_max_per_h, dt_h, rng):
    """The phases of part 3 in their order: FIELDS, SENSE, ACT, FATE."""
    decay(well, dt_h)
    well.igm_secreted += 3600 * dt_h * well.igm_per_s.sum()
    bind(well, dt_h)
    internalise(well, dt_h)
    docked = dock(well, dt_h, rng)
    opsonise(well, docked, dt_h, rng)
    insert_macs(well, docked, dt_h, rng)
    die(well, lysis_max_per_h, dt_h, rng)


def look(well, t_h):
    """One row: the living, the dead by cause, means over the living with their standard errors, free antibody."""
    row = {"t_h": t_h, "alive": len(well.cd20), **well.deaths}
    for name in ("bound", "c3b", "mac"):
        values = getattr(well, name)
        row[name] = values.mean()
        row[f"{name}_se"] = values.std() / np.sqrt(len(values))
    row["igm"] = well.igm_secreted + well.igm_released
    return row | {name: amount / well.molecules_per_nM for name, amount in well.pools.items()}


def serum_arm(seed, n, volume_uL, look_at_h, rituximab_ug_per_mL=10.0, spread=1.0, lysis_max_per_h=LYSIS_MAX_PER_H):
    """Rows of a well at the moments ``look_at_h``, in steps of a minute; without antibody it is the control."""
    rng = np.random.default_rng(seed)
    well = start(n, volume_uL, rituximab_ug_per_mL, spread, rng)
    look_at_step, rows = {round(60 * t_h): t_h for t_h in look_at_h}, []
    for i in range(1, max(look_at_step) + 1):
        step(well, lysis_max_per_h, 1 / 60, rng)
        if i in look_at_step:
            rows.append(look(well, look_at_step[i]))
    return rows
