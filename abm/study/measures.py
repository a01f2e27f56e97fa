"""Plain numbers of a finished well or patient, for sweeps to tabulate and claims to be compared with."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from abm.biology.additions import total
from abm.biology.antibody.places import antibodies, lost
from abm.core.fate import Fate
from abm.core.simulation import Simulation
from abm.core.world import World
from abm.scenario.build import CONTROL, Subject, arm_of
from abm.scenario.cohort import EndPoints, LymphocyteEndPoints
from abm.scenario.schema import Arm, Scenario
from abm.study.end_points import H_PER_D, SLACK_H, at_first, course_of, end_points, first_infusion_ends_h
from abm.study.lymphocyte_end_points import lymphocyte_end_points
from abm.study.patients import middle_time

Measures = dict[str, float]

BINS_PER_DECADE = 8  # design: of CD20, three bins per doubling
FIRST_BIN, LAST_BIN = 24, 48  # design: 10^3 to 10^6 molecules per cell
CD20_BINS = [round(10 ** (bin_ / BINS_PER_DECADE)) for bin_ in range(FIRST_BIN, LAST_BIN + 1)]
NAMES = (  # of one arm, beside the deaths by cause and the counts by CD20
    "survival", "survival_raw", "control", "lysis", "lysed_frac", "n_b_start", "kills_per_nk", "never_killed_frac",
    "c3b_per_cell", "bound_per_cell", "internalised_frac", "igm_ng_per_mL", "igm_molecules_per_cell",
    "igm_released_frac", "alive_h_per_cell",
)  # fmt: skip
SHARES = (  # beside those whose names end in _frac
    "survival_raw", "control", "any_rise", "flare", "up_2_months", "up_4_months", "minor", "partial", "very_good",
    "progressed", "treated_next", "partial_low_igm", "partial_high_igm", "progressed_low_igm", "progressed_high_igm",
)  # fmt: skip
NO_SHARES = ("best_change_frac", "inhibition_frac", "drug_left_")  # may be below 0 or above 1
HIGH_IGM_G_PER_L = 40.0  # Dimopoulos2002
DRUG_LEFT_D = (30, 45, 60, 90, 120, 180)
LONGEST_GAP_H = 168.0  # design: the usual time between looks
OF_PATIENT = (  # over the patients of an arm in whom it was seen: of times the median, of the rest the mean or share
    "partial_low_igm", "partial_high_igm",
    "baseline_igm_g_per_L", "baseline_albumin_g_per_L", "baseline_viscosity_cP", "any_rise", "flare", "up_2_months",
    "up_4_months", "peak_rel", "best_change_frac", "minor", "partial", "very_good", "progressed", "time_to_minor_d",
    "time_to_partial_d", "time_to_progression_d", "follow_up_d", "end_albumin_g_per_L", "end_viscosity_cP",
    *(f"drug_left_{days}d_frac" for days in DRUG_LEFT_D),
    "progressed_high_igm", "progressed_low_igm", "treated_next", "time_to_next_treatment_d", "time_to_baseline_d",
    "nadir_per_nL", "baseline_lymphocytes_per_nL", "surface_igm_MFI", "calcium_percent", "inhibition_frac",
    "end_c481s_frac",
)  # fmt: skip
GRAMS_PER_MOLECULE = 950e3 / 6.02214076e23  # IgM, 950 kDa


def of_well(simulation: Simulation) -> Measures:
    """Return what one well shows at its end.

    Returns
    -------
    dict of str to float
        ``survival_raw``, ``lysed_frac`` and ``deaths_*_frac`` of the cells that ever were; ``kills_per_nk``,
        ``never_killed_frac``; means per B cell; ``internalised_frac`` of the antibody that was bound and not shaved;
        ``igm_*`` from the cells and the ``alive_h_per_cell`` they spent alive; ``n_cd20_*`` and ``alive_cd20_*`` by
        CD20 at the start.
    """
    world = simulation.world
    b, pools = world.populations["b_cells"], world.pools
    n = max(1, world.tallies.get("b_cells.entered", 0) + world.tallies.get("b_cells.born", 0))
    inside = lost(pools, antibodies(world), "internalised")
    igm = pools["igm_secreted"] + pools["igm_released"]
    found = {
        "n_b_start": float(n),
        "survival_raw": float((~b.is_dying).sum()) / n,
        "lysed_frac": world.tallies.get("b_cells.lysed", 0) / n,
        "c3b_per_cell": _mean(b, "c3b_per_cell"),
        "bound_per_cell": _mean(b, "bound_per_cell"),
        "internalised_frac": inside / max(inside + total(b, "bound_per_cell"), 1e-300),
        "igm_ng_per_mL": igm * GRAMS_PER_MOLECULE * 1e9 / (pools.volume_uL * 1e-3),
        "igm_molecules_per_cell": igm / n,
        "alive_h_per_cell": _alive_h(world) / n,
        "igm_released_frac": pools["igm_released"] / max(igm, 1e-300),
    }
    for cause in Fate().causes(b):
        found[f"deaths_{cause}_frac"] = world.tallies.get(f"b_cells.deaths_{cause}", 0) / n
    return found | _of_killers(simulation) | _by_cd20(simulation)


def of_patient(simulation: Simulation, arm: Arm, rules: EndPoints) -> Measures:
    """Return the end points of one patient under one protocol, with other levels at the first dose and the end.

    ``drug_left_*d_frac`` is the drug in plasma so many days after the first infusion, relative to its end: missing
    without a look at that end, or at most a week apart around the day, between which it is read on an exponential.
    """
    rows = _rows(simulation)
    t_h, igm = ([row[name] for row in rows] for name in ("time_h", "igm_g_per_L"))
    found = end_points(course_of(t_h, igm, arm, rules), rules)
    is_high = found["baseline_igm_g_per_L"] > HIGH_IGM_G_PER_L
    found["partial_high_igm"] = found["partial"] if is_high else math.nan
    found["partial_low_igm"] = math.nan if is_high else found["partial"]
    for name in ("albumin_g_per_L", "viscosity_cP"):
        seen = [row[name] for row in rows]
        found |= {f"baseline_{name}": at_first(t_h, seen, rules.first_h(arm)), f"end_{name}": seen[-1]}
    level = _Level(t_h, [sum(row[f"{drug}_ug_per_mL"] for drug in arm.antibodies) for row in rows])
    given_h = first_infusion_ends_h(arm)
    peak = level.at(given_h, 0.0)
    for days in DRUG_LEFT_D:
        left = level.at(given_h + days * H_PER_D, LONGEST_GAP_H)
        found[f"drug_left_{days}d_frac"] = left / peak if peak else math.nan
    return found


@dataclass(frozen=True)
class _Level:
    """A level at the looks, taken to fall exponentially between them."""

    t_h: Sequence[float]
    level: Sequence[float]

    def at(self, t_h: float, longest_gap_h: float) -> float:
        """Return the level at a moment; NaN where the looks around it are farther apart than that."""
        after = int(np.searchsorted(self.t_h, t_h - SLACK_H))
        if math.isnan(t_h) or after == len(self.t_h):
            return math.nan
        if self.t_h[after] <= t_h + SLACK_H:
            return self.level[after]
        gap_h, ends = self.t_h[after] - self.t_h[after - 1], (self.level[after - 1], self.level[after])
        if gap_h > longest_gap_h + SLACK_H or min(ends) <= 0.0:
            return math.nan
        return ends[0] * (ends[1] / ends[0]) ** ((t_h - self.t_h[after - 1]) / gap_h)


def of_cll_patient(simulation: Simulation, arm: Arm, rules: LymphocyteEndPoints) -> Measures:
    """Return the end points of one patient with chronic lymphocytic leukaemia; those by group are NaN outside it."""
    world, rows = simulation.world, _rows(simulation)
    found = lymphocyte_end_points(rows, arm, rules, world.seed, world.replicate)
    has_much = found["surface_igm_MFI"] > rules.surface_igm_cut_mfi
    found["progressed_high_igm"] = found["progressed"] if has_much else math.nan
    found["progressed_low_igm"] = math.nan if has_much else found["progressed"]
    found["end_c481s_frac"] = _ratio(rows[-1]["n_c481s"], rows[-1]["n_clone"])
    return found


def _rows(simulation: Simulation) -> list[Mapping[str, float]]:
    seen = simulation.records["patient"]
    return [seen[step] for step in sorted(seen)]


def measured(scenario: Scenario, subject: Subject, simulation: Simulation) -> Measures:
    """Return what a well or a patient shows at the end."""
    if not scenario.is_patient:
        return of_well(simulation)
    rules = scenario.end_points or EndPoints()
    if isinstance(rules, LymphocyteEndPoints):
        return of_cll_patient(simulation, arm_of(scenario, subject), rules)
    return of_patient(simulation, arm_of(scenario, subject), rules)


def is_measure(name: str, is_patient: bool = False) -> bool:
    """Return whether a well, or a patient, can show a measure of this name."""
    if is_patient:
        return name in OF_PATIENT
    return name in NAMES or (name.startswith("deaths_") and name.endswith("_frac")) or "_cd20_" in name


def kind_of(summary: str) -> str:
    """Return whether a summary, ``arm.measure``, is a ``share``, a ``ratio`` to a control's share, or a ``number``."""
    measure = summary.partition(".")[2]
    if measure == "survival":
        return "ratio"
    is_share = measure in SHARES or (measure.endswith("_frac") and not measure.startswith(NO_SHARES))
    return "share" if is_share else "number"


def of_arms(wells: Mapping[str, Sequence[Measures]], control_of: Mapping[str, str]) -> dict[str, float]:
    """Return ``arm.measure``, means over an arm's wells, with ``survival`` and ``lysis`` relative to its control.

    ``survival`` is alive over alive in the control; ``lysis`` is what lysed above the control, of what it left. Both
    are taken of every replicate and its own control, then the mean, as in the summary of a run. Wells lie in the order
    of the replicates.
    """
    means = {arm: _means(found) for arm, found in wells.items()}
    for arm, control in control_of.items():
        if arm in means and control in means:
            pairs = list(zip(wells[arm], wells[control], strict=True))
            means[arm]["survival"] = _mean_of_known([_survival(own, other) for own, other in pairs])
            means[arm]["lysis"] = _mean_of_known([_lysis(own, other) for own, other in pairs])
            means[arm]["control"] = means[control]["survival_raw"]
    shown = {arm: found for arm, found in means.items() if not arm.endswith(CONTROL)}
    return {f"{arm}.{name}": value for arm, found in shown.items() for name, value in sorted(found.items())}


def _alive_h(world: World) -> float:
    """Return the hours that all cells spent alive; cells that came later count from the start."""
    dead = world.deaths.get("b_cells")
    n = world.tallies.get("b_cells.entered", 0) + world.tallies.get("b_cells.born", 0)
    return n * world.t_h - (float((world.t_h - dead.time_h).sum()) if dead is not None else 0.0)


def _survival(own: Measures, control: Measures) -> float:
    return _ratio(own["survival_raw"], control["survival_raw"])


def _lysis(own: Measures, control: Measures) -> float:
    return _ratio(own["lysed_frac"] - control["lysed_frac"], 1.0 - control["lysed_frac"])


def _means(wells: Sequence[Measures]) -> Measures:
    names = dict.fromkeys(name for found in wells for name in found)
    columns = {name: [found.get(name, 0.0) for found in wells] for name in names}
    return {
        name: middle_time(name, columns) if name.startswith("time_to_") else _mean_of_known(v)
        for name, v in columns.items()
    }


def _mean_of_known(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return math.fsum(known) / len(known) if known else math.nan


def _ratio(above: float, below: float) -> float:
    return above / below if below > 0 else math.nan


def _mean(population, column: str) -> float:
    return float(population[column].mean()) if population.n and column in population else 0.0


def _of_killers(simulation: Simulation) -> Measures:
    nk = simulation.world.populations.get("nk_cells")
    if nk is None or not nk.n or "n_kills" not in nk:
        return {}
    return {"kills_per_nk": float(nk.n_kills.mean()), "never_killed_frac": float((nk.n_kills == 0).mean())}


def _by_cd20(simulation: Simulation) -> Measures:
    """Count the cells, and those not committed to die, by CD20 at the start."""
    world = simulation.world
    b, dead = world.populations["b_cells"], world.deaths.get("b_cells")
    alive = _binned(b.cd20_start_per_cell[~b.is_dying])
    gone = _binned(dead.cd20_start_per_cell) if dead is not None else np.zeros_like(alive)
    found = {}
    for edge, n_alive, n_gone in zip(CD20_BINS, alive.tolist(), gone.tolist(), strict=True):
        if n_alive + n_gone:
            found[f"n_cd20_{edge}"], found[f"alive_cd20_{edge}"] = float(n_alive + n_gone), float(n_alive)
    return found


def _binned(cd20: np.ndarray) -> np.ndarray:
    bins = np.round(np.log10(np.maximum(cd20, 1.0)) * BINS_PER_DECADE).astype(int)
    return np.bincount(np.clip(bins, FIRST_BIN, LAST_BIN) - FIRST_BIN, minlength=len(CD20_BINS))
