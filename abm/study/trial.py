"""What a virtual trial reports: end points by patient, shares and medians by protocol with intervals, a long table."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from abm.biology.signalling.ibrutinib import Ibrutinib, taken
from abm.core.rng import stream_key
from abm.results.folder import RunFolder
from abm.results.follow_up import kaplan_meier, log_rank
from abm.scenario.build import oral_of, scenario_of
from abm.scenario.cohort import EndPoints, LymphocyteEndPoints
from abm.scenario.draws import draws, patient_of
from abm.scenario.schema import Scenario
from abm.statistics.intervals import known, quantile_interval, share
from abm.study.end_points import H_PER_D, course_of, end_points, response, starts_h
from abm.study.lymphocyte_trial import end_points_table, summarise

SHARES = {"any_rise": "any_rise", "flare": "flare", "minor_or_better": "minor", "partial_or_better": "partial",
          "very_good": "very_good", "progressed": "progressed"}  # fmt: skip
REPEATED = ("II", "ADDL")  # days between doses of a row, and how many more there are
MEASURED = {1: "rituximab_ug_per_mL", 2: "igm_g_per_L", 3: "lymphocytes_per_nL"}  # by compartment
Rules = EndPoints | LymphocyteEndPoints


def conclude(folder: RunFolder, scenario: Scenario) -> dict[str, Any]:
    """Write the tables of a merged trial and return its summary, without the hashes."""
    folder.write_table("patients.csv", _patients(scenario))
    series, rules = folder.series(), scenario.end_points or EndPoints()
    if isinstance(rules, LymphocyteEndPoints):
        found = end_points_table(series, scenario, rules)
        summary = summarise(found, rules)
    else:
        found = _end_points(series, scenario, rules)
        summary = summarise_trial(found)
    folder.write_table("end_points.csv", {name: found[name].to_numpy() for name in found})
    folder.write_parts("nonmem.csv", _long_table(series, scenario, rules))
    return summary | {"conservation": _worst(folder.wells())}


def summarise_trial(found: pd.DataFrame) -> dict[str, Any]:
    """Return shares and medians of each protocol with 95 % intervals, and the log-rank test between protocols."""
    arms = {str(arm): _summary(rows) for arm, rows in found.groupby("arm", sort=False)}
    return {"kind": "trial", "patients": int(found["replicate"].nunique()), "arms": arms, "log_rank": _tests(found)}


def _summary(rows: pd.DataFrame) -> dict[str, Any]:
    shares = {name: share(int(rows[column].sum()), len(rows)) for name, column in SHARES.items()}
    to_partial = rows["time_to_partial_d"].dropna().to_numpy()
    medians = {
        "time_to_partial_d": quantile_interval(to_partial),
        "time_to_progression_d": _free_of_progression(rows),
        "best_change_frac": quantile_interval(rows["best_change_frac"].to_numpy()),
        "baseline_igm_g_per_L": quantile_interval(rows["baseline_igm_g_per_L"].to_numpy()),
    }
    return {"n": len(rows), "shares": shares, "medians": medians}


def progression_times(rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return times, days, and whether progression came; else follow-up ended."""
    came = rows["progressed"].to_numpy() > 0
    return np.where(came, rows["time_to_progression_d"], rows["follow_up_d"]).astype(float), came


def _free_of_progression(rows: pd.DataFrame) -> dict[str, float | None]:
    curve = kaplan_meier(*progression_times(rows))
    ends = [curve.time[np.flatnonzero(side <= 0.5)] for side in (curve.lo, curve.hi)]
    lo, hi = (known(float(end[0])) if end.size else None for end in ends)
    return {"median": known(curve.median), "lo": lo, "hi": hi}


def _tests(found: pd.DataFrame) -> dict[str, float | None]:
    """Return p of progression between every two protocols."""
    groups = {str(arm): progression_times(rows) for arm, rows in found.groupby("arm", sort=False)}
    names = list(groups)
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    return {f"{a} vs {b}": known(log_rank(*groups[a], *groups[b])) for a, b in pairs}


def _patients(scenario: Scenario) -> dict[str, Sequence[Any]]:
    drawn = [draws(scenario, replicate) for replicate in range(scenario.replicates)]
    names = list(scenario.cohort.vary) if scenario.cohort else []
    return {"replicate": range(scenario.replicates)} | {name: [own[name] for own in drawn] for name in names}


def _end_points(series: pd.DataFrame, scenario: Scenario, rules: EndPoints) -> pd.DataFrame:
    rows = []
    for (arm, replicate), own in series.groupby(["arm", "replicate"], sort=False):
        course = course_of(own["time_h"].to_numpy(), own["igm_g_per_L"].to_numpy(), scenario.arms[arm], rules)
        found = end_points(course, rules)
        albumin = {"baseline_albumin_g_per_L": float(own["albumin_g_per_L"].iloc[0])}
        rows.append({"arm": arm, "replicate": replicate, "response": response(found), **albumin, **found})
    return pd.DataFrame(rows)


def _long_table(series: pd.DataFrame, scenario: Scenario, rules: Rules) -> Iterator[dict[str, list[Any]]]:
    """Yield, patient by patient, a row per dose and per measurement at a visit, as pharmacometric programs read it.

    TIME in days; compartment 1 is the drug (DV ug/mL, AMT mg, RATE mg/d), 2 serum IgM (DV g/L), 3 lymphocytes
    in blood (DV per nL), 4 ibrutinib by mouth (AMT mg, one a day, ADDL more of them); covariates follow.
    """
    patients = [draws(scenario, replicate) for replicate in range(scenario.replicates)]
    for (arm, replicate), own in series.groupby(["arm", "replicate"], sort=False):
        covariates = {name.upper().replace(".", "_"): value for name, value in patients[replicate].items()}
        head = {"ID": int(replicate) + 1, "PROTOCOL": arm}
        records = sorted(_records(own, scenario, str(arm), rules), key=lambda row: (row["TIME"], -row["EVID"]))
        rows = [head | record | {k: record.get(k, 0) for k in REPEATED} | covariates for record in records]
        yield {name: [row[name] for row in rows] for name in rows[0]}


def _records(own: pd.DataFrame, scenario: Scenario, arm: str, rules: Rules) -> Iterator[dict[str, Any]]:
    t_h, given = own["time_h"].to_numpy(), own["dosed_mg"].to_numpy()
    surface = _body_surface(scenario, arm, int(own["replicate"].iloc[0]))
    for addition in scenario.arms[arm].add:
        for moment in addition.moments if addition.is_infusion else ():
            before = np.searchsorted(t_h, moment + 1e-6, side="right") - 1
            after = min(np.searchsorted(t_h, moment + addition.over - 1e-6), t_h.size - 1)
            if given[after] > given[before]:  # else the course was withheld
                mg = addition.dose_mg(surface)
                rate = mg / addition.over * H_PER_D
                yield {"TIME": moment / H_PER_D, "DV": None, "MDV": 1, "EVID": 1, "AMT": mg, "RATE": rate, "CMT": 1}
    yield from _daily(scenario, arm, int(own["replicate"].iloc[0]), float(t_h[-1]))
    first = 0.0 if isinstance(rules, LymphocyteEndPoints) else starts_h(scenario.arms[arm])[0]
    for visit in rules.visits_h(float(t_h[-1]) - first):
        for compartment, name in MEASURED.items():
            if name not in own or own[name].isna().all():
                continue
            value = float(np.interp(visit + first, t_h, own[name].to_numpy()))
            row = {"TIME": (visit + first) / H_PER_D, "DV": value, "MDV": 0, "EVID": 0, "AMT": 0.0, "RATE": 0.0}
            yield row | {"CMT": compartment}


def _daily(scenario: Scenario, arm: str, replicate: int, end_h: float) -> Iterator[dict[str, Any]]:
    """Yield a row per run of daily doses that were taken: the first, and how many follow, one a day."""
    names = [name for name, process in scenario.processes.items() if isinstance(process, Ibrutinib)]
    key = stream_key(scenario.seed, replicate, names[0]) if names else None
    row: dict[str, Any] = {}
    for t_h, mg in taken(oral_of(scenario.arms[arm]), key, 0.0, end_h) if key is not None else ():
        day = t_h / H_PER_D
        if row and row["AMT"] == mg and abs(day - row["TIME"] - row["ADDL"] - 1) < 1e-6:
            row["ADDL"] += 1
            continue
        if row:
            yield row
        row = {"TIME": day, "DV": None, "MDV": 1, "EVID": 1, "AMT": mg, "RATE": 0.0, "CMT": 4, "II": 1, "ADDL": 0}
    if row:
        yield row


def _body_surface(scenario: Scenario, arm: str, replicate: int) -> float:
    """Return a patient's body surface under a protocol, m2; 0 where no process infuses."""
    own = scenario_of(patient_of(scenario, replicate), scenario.arms[arm])
    return float(next((p.bsa for p in own.processes.values() if hasattr(p, "bsa")), 0.0))


def _worst(wells: Mapping[str, Any]) -> dict[str, float]:
    worst: dict[str, float] = {}
    for record in wells.values():
        for name, error in record["conservation"].items():
            worst[name] = max(worst.get(name, 0.0), abs(error))
    return worst
