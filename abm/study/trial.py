"""What a virtual trial reports: end points by patient, and shares and medians by protocol with intervals."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from abm.results.folder import RunFolder
from abm.scenario.cohort import EndPoints, LymphocyteEndPoints
from abm.scenario.draws import draws
from abm.scenario.schema import Scenario
from abm.statistics.intervals import known
from abm.statistics.survival import log_rank
from abm.study.end_points import at_first, course_of, end_points, response
from abm.study.long_table import LongTable
from abm.study.lymphocyte_trial import end_points_table, summarise
from abm.study.patients import event_times, median_follow_up, median_of, median_time, share_of

SHARES = {"any_rise": "any_rise", "flare": "flare", "up_2_months": "up_2_months", "up_4_months": "up_4_months",
          "minor_or_better": "minor", "partial_or_better": "partial", "very_good": "very_good",
          "progressed": "progressed"}  # fmt: skip
LEVELS = ("best_change_frac", "baseline_igm_g_per_L")


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
    table = LongTable(scenario, rules)
    folder.write_parts("nonmem.csv", table.rows(series))
    folder.write_table("nonmem_key.csv", table.key())
    return summary | {"conservation": _worst(folder.wells())}


def summarise_trial(found: pd.DataFrame) -> dict[str, Any]:
    """Return shares and medians of each protocol with 95 % intervals, and the log-rank test between protocols."""
    arms = {str(arm): _summary(rows) for arm, rows in found.groupby("arm", sort=False)}
    return {"kind": "trial", "patients": int(found["replicate"].nunique()), "arms": arms, "log_rank": _tests(found)}


def _summary(rows: pd.DataFrame) -> dict[str, Any]:
    shares = {name: share_of(rows[column]) for name, column in SHARES.items()}
    medians = {name: median_time(name, rows) for name in ("time_to_partial_d", "time_to_progression_d")}
    medians |= {name: median_of(rows[name]) for name in LEVELS} | {"follow_up_d": median_follow_up(rows)}
    return {"n": len(rows), "shares": shares, "medians": medians}


def _tests(found: pd.DataFrame) -> dict[str, float | None]:
    """Return p of progression between every two protocols."""
    groups = {str(arm): event_times(rows, "progressed") for arm, rows in found.groupby("arm", sort=False)}
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
        t_h, igm, albumin = (own[name].to_numpy() for name in ("time_h", "igm_g_per_L", "albumin_g_per_L"))
        found = end_points(course_of(t_h, igm, scenario.arms[arm], rules), rules)
        before = {"baseline_albumin_g_per_L": at_first(t_h, albumin, rules.first_h(scenario.arms[arm]))}
        rows.append({"arm": arm, "replicate": replicate, "response": response(found), **before, **found})
    return pd.DataFrame(rows)


def _worst(wells: Mapping[str, Any]) -> dict[str, float]:
    worst: dict[str, float] = {}
    for record in wells.values():
        for name, error in record["conservation"].items():
            worst[name] = max(worst.get(name, 0.0), abs(error))
    return worst
