"""A small made-up run folder: no model, only numbers of the right shape in the files of a finished run."""

import json
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import pandas as pd
import pytest

from abm.plot.tables import Tables
from tests.plot import simulated

DT_H = 0.5
HALF_CD20 = 9e4
N_KILLERS = 25


@dataclass(frozen=True)
class Arm:
    """What an arm holds; a control is the same without antibody."""

    rituximab_nM: float = 69.0
    serum_frac: float = 0.25
    n_nk: int = 0


@dataclass(frozen=True)
class Recipe:
    """What the run folder shall hold."""

    arms: dict = field(
        default_factory=lambda: {
            "serum": Arm(),
            "effectors": Arm(serum_frac=0.0, n_nk=600),
            "both": Arm(n_nk=600),
        }
    )
    n_b: int = 300
    replicates: int = 3
    hours: float = 24.0
    side_um: float = 1500.0
    has_fields: bool = True
    has_cells: bool = True
    has_later_cells: bool = False
    title: str = "Serum, effectors, both"
    more_columns: dict = field(default_factory=dict)
    observed: tuple = ()


OBSERVED = ["arm", "of", "value", "lo", "hi", "words", "beside", "source"]
POPULATIONS = {
    name: {"role": role, "word": word, "words": f"{word}s", "short": short, "rel_size": size}
    for name, role, word, short, size in (
        ("b_cells", "target", "B cell", "b", 1.0),
        ("nk_cells", "effector", "NK cell", "nk", 0.7),
    )
}


def write_run(folder, recipe=None):
    """Write the files of one finished run into `folder`."""
    recipe = recipe or Recipe()
    folder.mkdir(parents=True, exist_ok=True)
    _write_arms(folder, recipe)
    wells = [(name, arm, replicate) for name, arm in _wells(recipe) for replicate in range(recipe.replicates)]
    tables = [_well(recipe, *well) for well in wells]
    starts, deaths, series, _ = (list(column) for column in zip(*tables, strict=True))
    pd.concat(starts).to_parquet(folder / "start.parquet", index=False)
    pd.concat(deaths).to_parquet(folder / "deaths.parquet", index=False)
    series = pd.concat(series)
    series.to_csv(folder / "series.csv", index=False)
    (folder / "populations.json").write_text(json.dumps(POPULATIONS))
    if recipe.has_cells:
        _write_cells(folder, recipe, [(well[0], well[2], *table) for well, table in zip(wells, tables, strict=True)])
    if recipe.has_fields:
        _write_fields(folder, recipe)
    if recipe.observed:
        pd.DataFrame(recipe.observed, columns=OBSERVED).to_csv(folder / "observed.csv", index=False)
    _write_texts(folder, recipe, series)
    return folder


def _wells(recipe):
    for name, arm in recipe.arms.items():
        yield name, arm
        yield f"{name}~control", Arm(0.0, arm.serum_frac, arm.n_nk)


def _write_arms(folder, recipe):
    names = list(recipe.arms)
    arms = pd.DataFrame({"arm": names, "control_arm": [f"{name}~control" for name in names], "is_control": False})
    given = [(0.145 * arm.rituximab_nM, 100 * arm.serum_frac) for arm in recipe.arms.values()]
    arms["words"] = [f"rituximab {dose:.3g} µg/mL; serum {percent:g} %" for dose, percent in given]
    arms = arms.assign(**recipe.more_columns)
    controls = pd.DataFrame({"arm": [f"{name}~control" for name in names], "control_arm": "", "is_control": True})
    pd.concat([arms, controls]).to_csv(folder / "arms.csv", index=False)


def _well(recipe, name, arm, replicate):
    rng = np.random.default_rng([replicate, recipe.n_b])
    n = recipe.n_b
    cd20 = np.where(rng.random(n) < 0.1, rng.uniform(0, 4000, n), 152e3 * np.exp(0.4 * rng.normal(size=n)))
    start = pd.DataFrame(
        {"arm": name, "replicate": replicate, "uid": np.arange(n), "population": "b_cells", "cd20_start_per_cell": cd20}
    ).assign(cohort=0, x_um=rng.uniform(0, recipe.side_um, n), y_um=rng.uniform(0, recipe.side_um, n))
    deaths = _deaths(recipe, arm, start, rng)
    kills = rng.geometric(0.4, arm.n_nk) - 1 if arm.rituximab_nM else np.zeros(arm.n_nk, dtype=int)
    return start, deaths, _series(recipe, name, arm, replicate, start, deaths), kills


def _deaths(recipe, arm, start, rng):
    n, cd20 = len(start), start["cd20_start_per_cell"].to_numpy()
    dose = arm.rituximab_nM / (arm.rituximab_nM + 0.8)
    times = {
        "background": rng.exponential(1 / 0.003, n),
        "cdc": _at_random(rng, dose * min(1, 4 * arm.serum_frac) * _hill(cd20, HALF_CD20, 4), rng.gamma(2, 0.4, n)),
        "adcc": _at_random(rng, dose * 0.75 * (arm.n_nk > 0) * _hill(cd20, 3e3, 1), rng.exponential(6, n)),
    }
    table = np.column_stack(list(times.values()))
    cause = np.array(list(times))[table.argmin(axis=1)]
    rows = start.assign(time_h=table.min(axis=1), cause=cause)
    rows = rows.loc[rows["time_h"] < recipe.hours].sort_values("time_h")
    rows = rows.assign(t_lysis_h=rows["time_h"] + 1.5, cd20_per_cell=0.8 * rows["cd20_start_per_cell"], killer_uid=-1)
    return (
        rows.assign(bound_per_cell=0.5 * rows["cd20_start_per_cell"], c3b_per_cell=1e5)
        .drop(columns="population")
        .assign(killer_uid=np.where(rows["cause"] == "adcc", 10**6 + np.arange(len(rows)) % N_KILLERS, -1))
    )


def _at_random(rng, p, times):
    return np.where(rng.random(p.size) < p, times, np.inf)


def _hill(x, half, n):
    return x**n / (x**n + half**n)


def _series(recipe, name, arm, replicate, start, deaths):
    t = np.arange(0, recipe.hours + DT_H / 2, DT_H)
    by = {cause: _count(deaths.loc[deaths["cause"] == cause, "time_h"], t) for cause in ("cdc", "adcc", "background")}
    dead, lysed = sum(by.values()), _count(deaths["t_lysis_h"], t)
    n, serum, drug = len(start), arm.serum_frac, arm.rituximab_nM
    lost = {"c1q_frac": 0.02, "c2c4_frac": 0.30, "c3_frac": 0.03, "c5c9_frac": 0.05}
    noise = 1 + 0.01 * replicate
    molecules = np.cumsum((n - dead) * 100 * 3600 * DT_H) + 1e6 * lysed
    return pd.DataFrame(
        {
            "arm": name, "replicate": replicate, "time_h": t, "n_b_alive": n - dead, "n_b_dying": dead - lysed,
            "n_b_dead": lysed, "n_b_start": n, "n_nk": arm.n_nk, "n_nk_engaged": arm.n_nk // 4,
            **{f"deaths_{cause}": count for cause, count in by.items()},
            "rituximab_nM": drug * np.exp(-0.0014 * t) * (1 - 0.02 * noise * (1 - np.exp(-t))),
            "bound_mean_per_cell": 1.1e5 * noise * drug / (drug + 0.8) * (1 - np.exp(-3 * t)) * np.exp(-0.03 * t),
            "c3b_mean_per_cell": (drug > 0) * 2e6 * serum * noise * (1 - np.exp(-2 * t)) * np.exp(-0.05 * t),
            **{pool: np.exp(-rate * t) * (serum > 0) for pool, rate in lost.items()},
            "dheas_uM": 4 * serum * np.exp(-0.03 * t),
            "potency_mean": (1 + 0.3 * serum * (1 - np.exp(-t / 4))) if arm.n_nk else np.nan,
            "igm_molecules": molecules, "igm_ng_per_mL": molecules * 950e3 / 6.022e23 / 0.2 * 1e9,
            "igm_serum_ug_per_mL": 1200 * serum, "signal_mean": (0.6 - 0.3 * serum) * noise,
        }
    )  # fmt: skip


def _count(times, t):
    return np.searchsorted(np.sort(times.to_numpy()), t, side="right")


def _write_cells(folder, recipe, wells):
    (folder / "cells").mkdir()
    for t_h in (0.0, recipe.hours / 6, recipe.hours):
        frames = [
            _frame(recipe, arm, replicate, start, deaths, kills, t_h)
            for arm, replicate, start, deaths, _, kills in wells
        ]
        pd.concat(frames).to_parquet(folder / "cells" / f"frame={round(t_h / DT_H):06d}.parquet", index=False)


def _frame(recipe, arm, replicate, start, deaths, kills, t_h):
    lysed = deaths.loc[deaths["t_lysis_h"] <= t_h, "uid"]
    dying = deaths.loc[deaths["time_h"] <= t_h, "uid"]
    b_cells = start.loc[~start["uid"].isin(lysed)]
    b_cells = b_cells.assign(time_h=t_h, is_dying=b_cells["uid"].isin(dying))
    b_cells["cd20_per_cell"] = b_cells["cd20_start_per_cell"]
    rng = np.random.default_rng(round(t_h * 10))
    place = {axis: rng.uniform(0, recipe.side_um, kills.size) for axis in ("x_um", "y_um")}
    nk = pd.DataFrame({"uid": 10**6 + np.arange(kills.size), "population": "nk_cells", "n_kills": kills, **place})
    nk = nk.assign(arm=arm, replicate=replicate, time_h=t_h, potency=1.0)
    return pd.concat([b_cells, nk]) if kills.size else b_cells


def _write_fields(folder, recipe):
    (folder / "fields").mkdir()
    y, x = np.mgrid[0:20, 0:20]
    for t_h in (0.0, recipe.hours):
        arrays = {}
        for name, arm in _wells(recipe):
            for replicate in range(recipe.replicates):
                dheas = 4 * arm.serum_frac * (1 + 0.5 * np.exp(-((x - 6) ** 2 + (y - 12) ** 2) / (10 + 5 * t_h)))
                arrays[f"{name}/{replicate}/dheas_uM"] = dheas
                arrays[f"{name}/{replicate}/potency"] = 1 + 0.3 * dheas / (dheas + 1)
                arrays[f"{name}/{replicate}/voxel_um"] = np.array(recipe.side_um / 20)
        np.savez(folder / "fields" / f"frame={round(t_h / DT_H):06d}.npz", **arrays)


def _write_texts(folder, recipe, series):
    last = series.loc[series["time_h"] == series["time_h"].max()].set_index(["arm", "replicate"])
    raw = (last["n_b_alive"] / last["n_b_start"].where(last["n_b_start"] > 0)).fillna(0).unstack()
    summary = {"arms": {}, "scenario_hash": "ab" * 32, "result_hash": "cd" * 32, "replicates": recipe.replicates}
    for name in recipe.arms:
        control = raw.loc[f"{name}~control"]
        summary["arms"][name] = {
            "survival": _estimate(raw.loc[name] / control.where(control > 0, 1)),
            "survival_raw": _estimate(raw.loc[name]),
            "control": _estimate(control),
            "specific_lysis": _estimate(1.0 - raw.loc[name] / control.where(control > 0, 1)),
        }
        if recipe.has_later_cells:
            later = {"mean": 0.9, "lo": None, "hi": None}
            summary["arms"][name]["cohorts"] = {"0": _estimate(raw.loc[name]), "1": later}
    summary["conservation"] = {"rituximab_rel_error": 3.1e-14, "cells_error": 0}
    (folder / "summary.json").write_text(json.dumps(summary))
    (folder / "provenance.json").write_text(json.dumps(PROVENANCE))
    (folder / "measures.json").write_text(json.dumps({"series": MEASURES}))
    (folder / "scenario.yaml").write_text(_scenario(recipe), encoding="utf-8")
    pd.DataFrame(PARAMETERS, columns=["name", "value", "unit", "source", "description", "origin"]).to_csv(
        folder / "parameters.csv", index=False
    )


def _estimate(values):
    half = 0.0 if len(values) < 2 else 2.5 * float(values.std())
    return {"mean": float(values.mean()), "lo": float(values.mean()) - half, "hi": float(values.mean()) + half}


MEASURES = {
    "rituximab_nM": {
        "name": "rituximab_nM",
        "unit": "nM",
        "words": "free rituximab",
        "shown": "µg/mL",
        "factor": 0.145,
    },
    "potency_mean": {"name": "potency_mean", "unit": "1", "words": "potency", "shown": "relative to no DHEAS"},
}
PROVENANCE = {
    "software": "0.1.0", "commit": "0123abc", "python": "3.11.2", "platform": "Linux x86_64",
    "packages": {"numpy": "2.4.6", "numba": "0.68.0"}, "n_threads": 2,
    "start": "2026-11-22T20:00:00+00:00", "elapsed_s": 31.4, "scenario": "three_arms", "seed": 1,
    "scenario_hash": "ab" * 32, "result_hash": "cd" * 32,
}  # fmt: skip

PARAMETERS = [
    ("processes.binding.kd_nM", "0.8", "nM", "Bondza2017", "Dissociation constant on live cells", "default"),
    ("processes.shield.max_frac", "0.85", "1", "assumed: order of magnitude", "Most that C3b hides", "overridden"),
    ("processes.engagement.f50_per_cell", "800", "1", "DallOzzo2004; fitted: V7", "Half-saturation, V/V", "default"),
    ("populations.b_cells.n", "10000", "1", "design: one well", "B cells at the start", "overridden"),
]


def _scenario(recipe):
    text = "  {}: {{add: [{{rituximab: {:.3g} ug/mL}}, {{serum: {:g} %}}]}}"
    arms = [(name, 0.145 * arm.rituximab_nM, 100 * arm.serum_frac) for name, arm in recipe.arms.items()]
    added = "\n".join(text.format(*arm) for arm in arms)
    return (
        "# Serum, effectors, both: what survives 24 h of rituximab?\n"
        f"name: three_arms\ntitle: {json.dumps(recipe.title)}\nseed: 1\nreplicates: {recipe.replicates}\n"
        f"duration: {recipe.hours:g} h\ndt: 0.5 min\narms:\n{added}\n"
    )


DOSES = {f"rtx_{dose:g}": Arm(dose / 0.145, n_nk=600) for dose in (0.0, 0.001, 0.01, 0.1, 1, 10, 100)}


@pytest.fixture(scope="session")
def run(tmp_path_factory):
    return Tables(write_run(tmp_path_factory.mktemp("runs") / "three_arms"))


@pytest.fixture(scope="session")
def make_run(tmp_path_factory):
    def make(**changes):
        return Tables(write_run(tmp_path_factory.mktemp("runs") / "made", Recipe(**changes)))

    return make


@pytest.fixture(scope="session")
def cohort_run(tmp_path_factory):
    return Tables(write_run(tmp_path_factory.mktemp("runs") / "later", Recipe(has_later_cells=True)))


@pytest.fixture(scope="session")
def observed_run(tmp_path_factory):
    rows = (
        ("serum", "survival", 0.2, 0.1, 0.3, "", "", "Golay2003"),
        ("both", "survival", 0.9, 0.85, 0.95, "", "", "Golay2003"),
        ("both", "survival", None, None, None, "blocked", "effectors", "Wang2008"),
        ("both", "nothing_known", 0.5, None, None, "", "", "Wang2008"),
    )
    return Tables(write_run(tmp_path_factory.mktemp("runs") / "observed", Recipe(observed=rows)))


@pytest.fixture(scope="session")
def agreed_run(tmp_path_factory):
    rows = tuple((arm, "survival", 0.5, 0.4, 0.6, "", "", "Golay2003") for arm in ("serum", "effectors", "both"))
    return Tables(write_run(tmp_path_factory.mktemp("runs") / "agreed", Recipe(observed=rows)))


@pytest.fixture(scope="session")
def dose_run(tmp_path_factory):
    recipe = Recipe(arms=DOSES, has_fields=False)
    return Tables(write_run(tmp_path_factory.mktemp("runs") / "doses", recipe))


@pytest.fixture(scope="session")
def lysis_run(tmp_path_factory):
    axis = {"x_value": [dose * 0.145 for dose in range(1, 8)], "x_name": "serum", "x_unit": "%", "group": "VV"}
    half = {"x_half_lo": 0.1, "x_half_hi": 1.0, "x_half_source": "assumed: a test"}
    recipe = Recipe(arms=DOSES, has_fields=False, more_columns=axis | half)
    return Tables(write_run(tmp_path_factory.mktemp("runs") / "lysis", recipe))


@pytest.fixture(scope="session")
def lots_run(tmp_path_factory):
    recipe = Recipe(arms=DOSES, has_fields=False, has_later_cells=True)
    return Tables(write_run(tmp_path_factory.mktemp("runs") / "lots", recipe))


@pytest.fixture(scope="session")
def donors_run(simulated_run):
    return Tables(simulated_run("donors").path)


@pytest.fixture(scope="session")
def events_run(simulated_run):
    return Tables(simulated_run("well").path)


@pytest.fixture(scope="session")
def arm_of():
    return Arm


@pytest.fixture(scope="session")
def simulated_run(tmp_path_factory):
    """Return the function that gives the run of a tiny shipped scenario, simulated once."""
    root = tmp_path_factory.mktemp("simulated")
    return cache(lambda kind: simulated.simulate(kind, root))
