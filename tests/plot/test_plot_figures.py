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
OTHER_RUNS = {
    "response": "dose_run",
    "survival_by_cohort": "cohort_run",
    "observed": "observed_run",
    "agreement": "agreed_run",
    "lysis": "lysis_run",
    "killed_twice": "lots_run",
    "donors": "donors_run",
    "donor_traits": "donors_run",
    "events": "events_run",
}
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
def test_figure_draws_with_units_and_says_what_is_seen(name, run, request):
    kind = KINDS[name]
    source = request.getfixturevalue(OTHER_RUNS[name]) if name in OTHER_RUNS else run
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
    assert f"inside its observed range in {inside} of 2 arms" in kind.seen(observed_run)
    assert ratio in kind.seen(observed_run)


@pytest.mark.parametrize("name", ["survival_by_arm", "response"])
def test_published_survival_is_drawn_over_that_of_its_arm(name, make_run, arm_of):
    doses = {f"rtx_{dose}": arm_of(rituximab_nM=dose) for dose in (1, 10, 100)}
    told = [("rtx_10", "survival", 0.42, 0.4, 0.5, "", "", "Golay2003"), ("rtx_1", "lysis", 0.3, 0, 1, "", "", "x")]
    drawn = []
    for observed in ((), told):
        figure = KINDS[name].figure(make_run(arms=doses, observed=observed))
        drawn.append([float(x) for line in figure.axes[0].lines for x in np.ravel(line.get_xydata()) if x == 42.0])
        words = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
        assert ("observed, with its range" in words) == bool(observed)
    assert drawn == [[], [42.0]]


def test_half_of_the_most_lies_between_the_doses_around_it(lysis_run, dose_run):
    kind = KINDS["lysis"]
    assert not kind.applies(dose_run)
    rows = pd.DataFrame({"x": [1.0, 10.0, 100.0, 1000.0], "mean": [0.0, 0.2, 0.6, 0.8]})
    x, half = kind._half(rows)
    assert (x, half) == pytest.approx((10**1.5, 0.4))
    assert np.isnan(kind._half(rows.assign(mean=[0.8, 0.7, 0.7, 0.6]))).all()
    assert np.isnan(kind._half(rows.assign(mean=0.0))).all()
    assert "expected at 0.1–1 %" in kind.seen(lysis_run)


def test_what_is_killed_of_all_lots_is_the_rest_of_what_lives(lots_run, cohort_run):
    kind = KINDS["killed_twice"]
    assert not kind.applies(cohort_run)
    points = kind._killed(lots_run, "all lots").set_index("arm")
    for name, own in lots_run.summary()["arms"].items():
        assert points.loc[name, "mean"] == pytest.approx(1.0 - own["survival_raw"]["mean"])
        assert points.loc[name, "lo"] <= points.loc[name, "mean"] <= points.loc[name, "hi"]
    assert [ax.get_title(loc="left") for ax in kind.figure(lots_run).axes] == ["all lots", "lot 1", "lot 2"]
    assert kind._killed(lots_run, "lot 2")["mean"].to_numpy() == pytest.approx(0.1)


def test_times_between_kills_are_those_of_cells_that_killed_often(run, make_run, arm_of):
    kind, deaths = KINDS["kill_times"], run.deaths()
    assert not kind.applies(make_run(arms={"serum": arm_of()}))
    for name, (first, second, later) in kind._times(run).items():
        own = deaths.loc[(deaths["arm"] == name) & (deaths["killer_uid"] >= 0)]
        often = [np.sort(cell["time_h"]) for _, cell in own.groupby(["replicate", "killer_uid"]) if len(cell) >= 4]
        assert first.size == second.size == later.size == len(often) > 0
        assert first.sum() + second.sum() == pytest.approx(sum(times[1] for times in often))
        assert later.mean() == pytest.approx(np.mean([np.diff(times[1:]).mean() for times in often]))


def test_without_frames_kills_are_counted_from_the_dead(make_run, arm_of):
    made = make_run(arms={"nk": arm_of(serum_frac=0.0, n_nk=60), "serum": arm_of()}, has_cells=False)
    (name, kind), groups = next(iter(KINDS["kills"]._kills(made).items()))
    died = made.deaths().loc[lambda table: (table["arm"] == "nk") & (table["killer_uid"] >= 0)]
    assert (name, kind.population, len(groups)) == ("nk", "nk_cells", 3)
    assert [len(group) for group in groups] == [60, 60, 60]
    assert [group.sum() for group in groups] == died.groupby("replicate").size().tolist()


def test_the_ceiling_of_c3b_is_drawn_where_the_scenario_has_one(run, make_run):
    assert "have room" not in KINDS["complement"].seen(run)
    capped = make_run()
    with open(capped.path / "parameters.csv", "a") as file:
        file.write("processes.c3b.most_per_cell,700000,1,assumed: a test,Most C3b,overridden\n")
    again = Tables(capped.path)
    ax = next(ax for ax in KINDS["complement"].figure(again).axes if ax.get_title(loc="left").startswith("C3b on"))
    assert any(set(line.get_ydata()) == {7e5} for line in ax.lines)
    assert ax.get_ylim()[1] > 7e5
    assert "of 700,000 that have room" in KINDS["complement"].seen(again)
