"""What theory says on paper about single mechanisms, against the engine."""

import math

import numpy as np
from scipy.stats import gamma, kstest

from abm.core.fields import Field
from abm.scenario.from_file import load_scenario
from abm.verify.check import BY_CHANCE, OF_LAWS, SIGMAS, Case, Check, farthest, mean_of
from abm.verify.wells import FULL_SIGNAL, MIXED, ONE_HIT, begun, finished, law_of, mixed, series

FLOOR = {"kind": "floor", "volume": "1000 uL", "walls": "periodic"}
NM, IN_SERUM = 1e4 / 145.0, 0.25  # 10 ug/mL of 145 kDa, 25 %: what is added in mixed wells
ROUNDING = "rounding of many steps"
MEDIUM = "the cells take two molecules of a million from the medium, which the formula leaves there"


def death() -> list[Check]:
    """Cells that die at a constant rate: exponential survival, whatever the step."""
    n, rate_per_h, hours = 20_000, 0.3, 3.0
    scenario = mixed({"death": {"rate_per_h": rate_per_h}}, n, duration=f"{hours} h", dt="15 min")
    share = math.exp(-rate_per_h * hours)
    error = SIGMAS * math.sqrt(n * share * (1.0 - share))
    found = finished(scenario).world.populations["b_cells"].n
    return [
        Check("B cells left of 20 000 after 3 h at 0.3 deaths per hour", "cells", found, n * share, error, BY_CHANCE)
    ]


def birth_and_death(n_runs: int = 100) -> list[Check]:
    """Division, death and influx: mean and variance of a linear birth and death process with immigration."""
    birth, death, influx, n, hours = 0.4, 0.6, 80.0, 1000, 1.5
    kinds = {"death": {"rate_per_h": death}, "division": {"rate_per_h": birth}, "influx": {"rate_per_h": influx}}
    scenario = mixed(kinds, n, duration=f"{hours} h", dt="15 min")
    last = [finished(scenario, replicate=replicate).world.populations["b_cells"].n for replicate in range(n_runs)]
    growth = math.exp((birth - death) * hours)
    came = influx * (growth - 1.0) / (birth - death)
    variance = n * (birth + death) / (birth - death) * growth * (growth - 1.0)
    variance += came * (birth * growth - death) / (birth - death)  # of a negative binomial
    spread, reason = variance * SIGMAS * math.sqrt(2.0 / n_runs), f"4 standard errors of a variance of {n_runs} runs"
    return [
        mean_of("Cells after division, death and influx, mean", "cells", last, n * growth + came, variance),
        Check("the same, variance", "cells²", float(np.var(last, ddof=1)), variance, spread, reason),
    ]


def binding() -> list[Check]:
    """Antibody in excess: the approach to equilibrium is exponential."""
    scenario = mixed({"binding": {}}, 1000, duration="10 min", dt="1 min")
    drug, hours = scenario.antibodies.rituximab, 1.0 / 6.0
    kon = 3600e-9 * drug.kon_per_M_per_s
    share = NM / (NM + drug.kd_nM) * -math.expm1(-kon * (NM + drug.kd_nM) * hours)
    expected = 1e5 * drug.sites_per_cd20 * share
    found = float(finished(scenario).world.populations["b_cells"].bound_per_cell.mean())
    return [
        Check("Antibody bound after 10 min at 10 µg/mL", "molecules/cell", found, expected, 1e-5 * expected, MEDIUM)
    ]


def decay() -> list[Check]:
    """Antibody without cells to bind: a half-life."""
    scenario = mixed({"antibody_decay": {"half_life": "30 h"}}, 1, duration="48 h", dt="15 min")
    start, end = begun(scenario), finished(scenario)
    start.step()
    first, last = (one.world.pools["antibody_rituximab"] for one in (start, end))  # with one step of decay, and all
    return [
        Check(
            "Share of antibody left after 47.75 h, half-life 30 h",
            "",
            last / first,
            0.5 ** (47.75 / 30),
            1e-12,
            ROUNDING,
        )
    ]


def diffusion() -> list[Check]:
    """Let a drop in the middle of a field spread: Fick's Gaussian."""
    per_um, hours, n, voxel_um = 4000.0, 1.0, 101, 10.0
    field = Field(n, n * voxel_um, periodic=False)
    field.divide()[n // 2, n // 2] = 1.0
    for _ in range(20):
        field.diffuse(per_um, hours / 20)
    place = (np.arange(n) - n // 2) * voxel_um
    variance = 2.0 * per_um * hours
    gaussian = np.exp(-(place**2) / (2.0 * variance)) / math.sqrt(2.0 * math.pi * variance) * voxel_um
    off = float(np.abs(field.values - np.outer(gaussian, gaussian)).max() / gaussian.max() ** 2)
    spread, grid = float(field.values.sum(axis=0) @ place**2), "voxels of 10 µm stand for a smooth curve"
    return [
        Check("Variance of a drop after an hour of diffusion", "µm²", spread, variance, 1e-6 * variance, ROUNDING),
        Check("its largest distance from Fick's Gaussian, of the peak", "", off, 0.0, 0.005, grid),
        Check("amount after diffusion, of what was there", "", float(field.values.sum()), 1.0, 1e-12, ROUNDING),
    ]


def walk(walls: str = "periodic", n_walkers: int = 20_000) -> list[Check]:
    """NK cells that walk and turn: Fürth's mean squared displacement."""
    speed, tau, hours = 2.7 * 60.0, 5.0 / 60.0, 1.0
    space, kinds = (
        FLOOR | {"side": "20 mm", "walls": walls},
        {"motility": {"speed_um_per_min": 2.7, "persistence": "5 min"}},
    )
    simulation = begun(mixed(kinds, 100, nk_per_b=n_walkers / 100, duration="1 h", dt="0.25 min", space=space))
    nk, side = simulation.world.populations["nk_cells"], simulation.world.space.side
    start = dict(zip(nk.uid.tolist(), np.stack([nk.x_um, nk.y_um]).T.copy(), strict=True))
    simulation.run()
    first = np.array([start[uid] for uid in nk.uid.tolist()]).T
    moved = np.stack([nk.x_um, nk.y_um]) - first
    if simulation.world.space.is_periodic:
        moved -= side * np.round(moved / side)
    else:  # nobody who may have met a wall
        moved = moved[:, ((first > 200.0) & (first < side - 200.0)).all(axis=0)]
    squared = (moved**2).sum(axis=0)
    expected = 2.0 * speed**2 * tau * (hours - tau * (1.0 - math.exp(-hours / tau)))
    error = SIGMAS * squared.std() / math.sqrt(squared.size)
    drift = SIGMAS * moved.std() / math.sqrt(squared.size)
    name = f"Mean squared displacement of {n_walkers:,} NK cells after 1 h"
    return [
        Check(name, "µm²", float(squared.mean()), expected, float(error), BY_CHANCE),
        Check("their mean displacement", "µm", float(np.abs(moved.mean(axis=1)).max()), 0.0, float(drift), BY_CHANCE),
    ]


def contact(n: int = 5000) -> list[Check]:
    """NK cells at rest on a floor of targets: each engages what it touches, a Poisson number, at the stated hazard."""
    engagement = FULL_SIGNAL | {"rate_per_h": 2.0, "unbinding_per_h": 0.0, "max_per_target": 20}
    side_um = 1000.0 * math.sqrt(n / 5000)
    space, kinds = FLOOR | {"side": f"{side_um} um"}, {"binding": {}, "engagement": engagement}
    simulation = finished(mixed(kinds, n, nk_per_b=1, duration="1 h", dt="0.5 min", space=space))
    touched = n * math.pi * 10.0**2 / side_um**2
    times_h = series(simulation, "time_h")
    shares = 1.0 - np.exp(-touched * -np.expm1(-2.0 * times_h))
    found = series(simulation, "n_nk_engaged") / n
    at = int(np.abs(found - shares).argmax())
    error = SIGMAS * math.sqrt(0.25 / n)
    name = f"Engaged NK cells, of all, where theory is farthest ({times_h[at]:g} h)"
    return [Check(name, "", float(found[at]), float(shares[at]), error, BY_CHANCE)]


def hits(needed: float = 3.0, n: int = 4000) -> list[Check]:
    """Targets held by one NK cell each fall at their k-th hit: gamma-distributed times."""
    kinds = {
        "binding": {},
        "engagement": FULL_SIGNAL | {"rate_per_h": 10_000.0, "unbinding_per_h": 0.0, "max_per_target": 1},
        "killing": ONE_HIT | {"rate_per_h": 3.0, "lag": "48 h"},
    }
    scenario = mixed(kinds, n, nk_per_b=1, hits_needed=needed, duration="2 h", dt="0.2 min", space=MIXED)
    world = finished(scenario).world
    times_h, law = world.deaths["b_cells"].time_h, gamma(needed, scale=1.0 / 3.0)
    share, holding = law.cdf(2.0), int(world.populations["nk_cells"].is_killer.sum())
    error = SIGMAS * math.sqrt(holding * share * (1.0 - share))
    far = float(kstest(times_h, lambda t: law.cdf(t) / share).statistic)
    times = "distance of their times from the gamma law (Kolmogorov and Smirnov)"
    return [
        Check(
            f"Targets that {needed:g} hits have killed in 2 h",
            "cells",
            float(times_h.size),
            holding * share,
            error,
            BY_CHANCE,
        ),
        Check(times, "", far, 0.0, farthest(times_h.size), OF_LAWS),
    ]


def docking_per_h(scenario, bound: float, level: dict[str, float]) -> float:
    """Return complement's events per cell and hour at the levels of the components relative to neat serum."""
    law = law_of(scenario, "complement_docking")
    q = math.prod(level[name] / (level[name] + getattr(law, f"half_{name}_frac")) for name in ("c1q", "c2c4", "c3"))
    return law.max_per_h * q * bound**law.steepness / (law.rho50_per_cell**law.steepness + bound**law.steepness)


def pores() -> list[Check]:
    """Pores that come at a constant rate and are mended one by one: immigration and death."""
    kinds = {"binding": {}, "complement_docking": {}, "mac_insertion": {}}
    quick = {"rituximab": {"kon_per_M_per_s": 1e8}}
    scenario = mixed(kinds, 4000, duration="1 h", dt="0.2 min", antibodies=quick)
    bound = 0.7e5 * NM / (NM + scenario.antibodies.rituximab.kd_nM)
    mac, level = law_of(scenario, "mac_insertion"), dict.fromkeys(("c1q", "c2c4", "c3"), IN_SERUM)
    per_h = docking_per_h(scenario, bound, level) * mac.per_event * IN_SERUM / (IN_SERUM + mac.half_c5c9_frac)
    expected = per_h / mac.repair_per_h * -math.expm1(-mac.repair_per_h)
    found = finished(scenario).world.populations["b_cells"].mac_per_cell
    error = 0.005 * expected + SIGMAS * found.std() / math.sqrt(found.size)
    reason = "4 standard errors, and half a percent for steps of 0.2 min"
    return [
        Check(
            "Pores per cell after 1 h of complement", "pores/cell", float(found.mean()), expected, float(error), reason
        )
    ]


def infusion() -> list[Check]:
    """Infuse into two compartments without clearance by target: two exponentials."""
    sets = ("cohort=null", "duration=21 d", "processes.drug.cl2=0 L/d", "populations.b_cells.cells_per_agent=1e10")
    arm = "arms={course: {add: [{infusion: 375 mg/m2}]}}"
    scenario = load_scenario("waldenstrom", (*sets, arm, "dt=1 h", "dt_later=[]", "probes.patient={every: 7 d}"))
    drug, hours = scenario.processes["drug"], 4.0
    k10, k12, k21 = drug.cl1 / drug.v1, drug.q / drug.v1, drug.q / drug.v2
    total, root = k10 + k12 + k21, math.sqrt((k10 + k12 + k21) ** 2 - 4.0 * k10 * k21)
    alpha, beta = (total + root) / 2.0, (total - root) / 2.0
    rate = 375.0 * scenario.covariates.surface_m2 / hours / drug.v1

    def part(own: float, other: float, t_h: float) -> float:
        return (own - k21) / (own * (own - other)) * math.expm1(own * hours) * math.exp(-own * t_h)

    rows = [row for _, row in sorted(finished(scenario, "course").records["patient"].items())]
    days = [row["time_h"] / 24.0 for row in rows]
    found = [float(np.ravel(row["rituximab_ug_per_mL"])[0]) for row in rows]
    expected = [rate * (part(alpha, beta, d * 24.0) + part(beta, alpha, d * 24.0)) for d in days]
    weeks = [(d, f, e) for d, f, e in zip(days, found, expected, strict=True) if d > 0.0]
    return [
        Check(f"Rituximab in plasma {d:g} d after 375 mg/m²", "µg/mL", f, e, 1e-6 * e, ROUNDING) for d, f, e in weeks
    ]


CASES: dict[str, Case] = {
    "death": death,
    "birth-and-death": birth_and_death,
    "binding": binding,
    "decay": decay,
    "diffusion": diffusion,
    "walk": walk,
    "contact": contact,
    "hits": hits,
    "pores": pores,
    "infusion": infusion,
}
