"""Every figure draws from a run folder, says its units and gives the same bytes for the same run."""

import json
import re
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from abm.plot import arm_series, arms, catalogue
from abm.plot.page import style
from abm.plot.tables import Tables
from abm.plot.well.survival_cd20 import binned, fates, steepest

KINDS = {catalogue.name(kind): kind for kind in catalogue.figures("well")}
UNIT = re.compile(r"\(.+\)")


def bytes_of(run, kind):
    return style.png(kind.figure(run), kind.TITLE)


def labels(figure):
    shown = [text for ax in figure.axes for text in (ax.get_xlabel(), ax.get_ylabel())]
    return [text for text in shown if text]


def test_every_kind_of_figure_is_found_in_reading_order():
    orders = [kind.ORDER for kind in KINDS.values()]
    assert orders == sorted(set(orders))
    assert {"survival_by_arm", "survival_by_cohort", "well_map"} <= set(KINDS)
    assert all(kind.__doc__.startswith("Answers") for kind in KINDS.values())


@pytest.mark.parametrize("name", KINDS)
def test_figure_draws_with_units_and_says_what_is_seen(name, run, dose_run, cohort_run, observed_run):
    kind = KINDS[name]
    source = {"response": dose_run, "survival_by_cohort": cohort_run, "observed": observed_run}.get(name, run)
    assert kind.applies(source)
    figure = kind.figure(source)
    assert style.png(figure, kind.TITLE).startswith(b"\x89PNG")
    assert re.search(r"\d", kind.seen(source))
    assert kind.seen(source).endswith(".")
    if name != "well_map":
        assert all(UNIT.search(text) for text in labels(figure) if text not in set(run.arms()["arm"]))


@pytest.mark.parametrize("name", ["$\\frac{1}{$", "$x$ and $\\bad", "$$", "a\\$b$"])
def test_a_dollar_sign_in_a_name_starts_no_formula(dose_run, monkeypatch, name):
    table = dose_run.arms()
    table = pd.concat([table.assign(group="other"), table.assign(group=name)])
    table = table.assign(x_name=name, x_unit=name, x_value=np.arange(len(table)) + 1.0)
    monkeypatch.setattr(type(dose_run), "arms", lambda _: table)
    figure = KINDS["response"].figure(dose_run)
    assert style.png(figure, name).startswith(b"\x89PNG")
    shown = figure.findobj(Text)
    assert {text.get_parse_math() for text in shown if name in text.get_text()} == {False}
    assert sum(name in text.get_text() for text in shown) >= 2


def test_decades_of_a_log_axis_are_still_raised():
    figure = style.new_figure(2.0)
    ax = figure.add_subplot()
    ax.plot([1, 2], [1, 1e6])
    ax.set_yscale("log")
    style.png(figure, "")
    assert {label.get_parse_math() for label in ax.get_yticklabels()} == {True}


@pytest.mark.parametrize("name", ["response", "alive", "drug", "complement", "dheas", "igm"])
def test_every_axis_is_labelled(name, run, dose_run):
    source = dose_run if name == "response" else run
    assert all(ax.get_xlabel() and ax.get_ylabel() for ax in KINDS[name].figure(source).axes)


@pytest.mark.parametrize("name", ["well_map", "field_maps"])
def test_maps_carry_a_scale_bar(name, run):
    assert all(
        any("µm" in text.get_text() for text in ax.texts) for ax in KINDS[name].figure(run).axes if is_full_map(ax)
    )


def is_full_map(ax):
    return ax.get_aspect() == 1 and "none" not in [text.get_text() for text in ax.texts] and not ax.get_xticks().size


def test_figures_can_be_drawn_in_several_threads(run):
    kinds = [KINDS[name] for name in ("alive", "drug", "survival_by_arm", "deaths_by_cause")]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda kind: bytes_of(run, kind), kinds))
    assert together == [bytes_of(run, kind) for kind in kinds]


@pytest.mark.parametrize(
    "changes",
    [
        {"has_cells": False, "has_fields": False, "replicates": 1},
        {"rituximab_nM": 0.0},
        {"n_nk": 0},
        {"n_b": 0},
        {"serum_frac": 0.0, "n_nk": 0, "rituximab_nM": 0.0, "replicates": 1},
    ],
    ids=["no cells or fields", "no antibody", "no NK cells", "no B cells", "nothing"],
)
def test_sparse_runs_draw_too(changes, make_run, arm_of):
    arm = {key: value for key, value in changes.items() if key in {"rituximab_nM", "n_nk", "serum_frac"}}
    rest = {key: value for key, value in changes.items() if key not in arm}
    sparse = make_run(arms={"only": arm_of(**arm)}, **rest)
    kinds = [kind for kind in KINDS.values() if kind.applies(sparse)]
    for kind in kinds:
        kind.figure(sparse).draw_without_rendering()
    assert all(kind.seen(sparse).endswith(".") for kind in kinds)
    assert kinds or rest.get("n_b") == 0


@pytest.mark.parametrize(
    ("mean", "lo", "hi"),
    [(1.0, 0.98, 0.9999999999999998), (0.0, 1e-17, 0.02), (1.2, None, None), (0.5, 0.6, 0.4), (None, None, None)],
)
@pytest.mark.parametrize("name", ["survival_by_arm", "response"])
def test_no_end_of_an_interval_stops_a_figure(name, mean, lo, hi, make_run, arm_of):
    made = make_run(arms={f"rtx_{dose}": arm_of(rituximab_nM=dose) for dose in (1, 10, 100)})
    summary = made.summary()
    for arm in summary["arms"].values():
        arm |= {key: {"mean": mean, "lo": lo, "hi": hi} for key in ("survival", "control")}
    (made.path / "summary.json").write_text(json.dumps(summary))
    again = Tables(made.path)
    KINDS[name].figure(again).draw_without_rendering()
    assert KINDS[name].seen(again).endswith(".")


def test_run_without_a_table_of_deaths_draws(make_run, arm_of):
    spared = make_run(arms={"only": arm_of(rituximab_nM=0.0)})
    (spared.path / "deaths.parquet").unlink()
    assert fates(spared)["died"].sum() == 0
    for kind in KINDS.values():
        if kind.applies(spared):
            kind.figure(spared).draw_without_rendering()


def test_survival_is_relative_to_the_own_control(run):
    last = run.series().groupby(["arm", "replicate"]).last()["n_b_alive"]
    expected = last.loc["serum"] / last.loc["serum~control"]
    np.testing.assert_allclose(arms.survival(run, "serum"), expected)


def test_cells_are_binned_by_their_own_cd20(make_run, arm_of):
    serum = make_run(arms={"serum": arm_of()}, n_b=5000)
    table = binned(fates(serum), "serum")
    cd20, slope = steepest(table)
    assert 6e4 < cd20 < 1.3e5
    assert slope < -0.5
    assert table.loc[table["cd20"].between(6e3, 3e4), "mean"].isna().all()


def test_arms_named_by_dose_form_a_series(dose_run):
    points = arm_series.points(dose_run.arms())
    assert points["x"].tolist() == [0.0, 0.001, 0.01, 0.1, 1.0, 10.0, 100.0]
    assert set(zip(points["x_name"], points["x_unit"], strict=True)) == {("rituximab", "µg/mL")}


def test_stated_columns_win_over_names(make_run, arm_of):
    stated = {"x_value": [5, 1, 2], "x_name": "E:T", "x_unit": "NK per B cell", "group": ["VV", "VV", "VV"]}
    points = arm_series.points(make_run(arms={name: arm_of() for name in "abc"}, more_columns=stated).arms())
    assert points[["arm", "x", "group"]].to_numpy().tolist() == [["b", 1, "VV"], ["c", 2, "VV"], ["a", 5, "VV"]]


def test_two_arms_are_no_series(run):
    assert not KINDS["response"].applies(run)


def test_later_cohorts_are_told_only_where_there_are_any(run, cohort_run):
    kind = KINDS["survival_by_cohort"]
    assert not kind.applies(run)
    assert "90.0 % of addition 1" in kind.seen(cohort_run)


def test_published_numbers_stand_beside_what_the_summary_tells(run, observed_run):
    kind = KINDS["observed"]
    assert not kind.applies(run)
    figure = kind.figure(observed_run)
    assert [[text.get_text() for text in ax.get_yticklabels()] for ax in figure.axes] == [["serum", "both"], ["both"]]
    assert "% of “effectors”" in figure.axes[1].get_xlabel()
    survival = {name: own["survival"]["mean"] for name, own in observed_run.summary()["arms"].items()}
    inside = (0.1 <= survival["serum"] <= 0.3) + (0.85 <= survival["both"] <= 0.95)
    ratio = f"{100 * survival['both'] / survival['effectors']:.1f} % in “both” (blocked)"
    assert f"inside its published range in {inside} of 2 arms" in kind.seen(observed_run)
    assert ratio in kind.seen(observed_run)
