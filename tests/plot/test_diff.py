"""Two runs beside one another: what differs is found, what does not is not, and unlike kinds are refused."""

import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest

from abm.plot.diff import courses
from abm.plot.diff.found import Diff
from abm.plot.diff.numbers import FIRST
from abm.plot.diff.page import page_of
from abm.plot.tables import Tables
from abm.results.seal import seal
from abm.results.tables import ReadError


@pytest.fixture
def pair(run, tmp_path):
    """Return the function that gives a run and a copy of it that a function has changed."""

    def make(change=lambda folder: None):
        for name in "ab":
            shutil.copytree(run.path, tmp_path / name)
        change(tmp_path / "b")
        for name in "ab":
            summary = json.loads((tmp_path / name / "summary.json").read_text())
            seal(tmp_path / name, "summary.json", summary)
        return Diff(Tables(tmp_path / "a"), Tables(tmp_path / "b"))

    return make


def edit(name, old, new):
    def change(folder):
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new))

    return change


def revive(folder, arm="both", n=30):
    """Let as many cells of an arm more be alive at every moment but the first, and fewer dying."""
    series = pd.read_csv(folder / "series.csv", float_precision="round_trip")
    rows = (series["arm"] == arm) & (series["time_h"] > 0)
    series.loc[rows, "n_b_alive"] += n + series.loc[rows, "replicate"]
    series.to_csv(folder / "series.csv", index=False)


def test_copies_do_not_differ_in_any_way(pair):
    found = pair()
    assert not found.scenario
    assert not found.model
    assert re.search(r"All \d+ numbers are the same in every replicate\.", found.verdicts[1])
    assert re.search(r"All \d+ files of results have the same bytes\.", found.verdicts[2])


def test_more_survivors_in_one_arm_are_beyond_luck_and_the_rest_is_the_same(pair):
    found = pair(revive)
    beyond = {(one.arm, one.measure.name) for one in found.numbers if one.is_beyond_luck}
    assert beyond == {("both", "survival"), ("both", "survival_raw")}
    raw = next(one for one in found.numbers if (one.arm, one.measure.name) == ("both", "survival_raw"))
    assert raw.difference.mean == pytest.approx(31 / 300), "30, 31 and 32 of 300 cells more"
    assert "survival in “both”" in found.verdicts[1]
    assert found.bytes.differ[0] == "series.csv"
    assert "first at 0.5 h in both, replicate 0 (n_b_alive)" in found.verdicts[2]


def test_a_value_that_differs_is_told_with_unit_and_source(pair):
    def change(folder):
        edit("scenario.yaml", "dt: 0.5 min", "dt: 1 min\nprocesses: {shield: {max_frac: 0.5}}")(folder)

    rows = {one.path: one for one in pair(change).scenario}
    assert (rows["dt"].a, rows["dt"].b) == ("0.5 min", "1 min")
    assert (rows["processes"].a, rows["processes"].b) == ("–", "shield {'max_frac': 0.5}")


def test_an_arm_of_one_run_alone_is_told_by_what_it_is_given(make_run, arm_of):
    found = Diff(make_run(), make_run(arms={"both": arm_of(n_nk=600), "high": arm_of(rituximab_nM=690.0)}))
    rows = {one.path: (one.a, one.b) for one in found.scenario}
    assert rows["arms.high"] == ("–", "rituximab 100 µg/mL; serum 25 %")
    assert rows["arms.serum"] == ("rituximab 10 µg/mL; serum 25 %", "–")
    assert {one.arm for one in found.numbers} == {"both"}


def test_versions_and_processes_are_the_model(pair):
    def change(folder):
        edit("provenance.json", '"software": "0.1.0"', '"software": "0.2.0", "model": "beef"')(folder)
        edit("scenario.yaml", "dt: 0.5 min", "dt: 0.5 min\nprocesses: {shield: {kind: c3b_shield}}")(folder)

    rows = {one.path: (one.a, one.b) for one in pair(change).model}
    assert rows == {
        "abm": ("0.1.0", "0.2.0"),
        "hash of the model's source": ("–", "beef"),
        "process shield": ("–", "c3b_shield"),
    }


def test_runs_of_other_seeds_are_not_compared_in_pairs(pair):
    found = pair(edit("provenance.json", '"seed": 1', '"seed": 2'))
    assert not found.replicates.is_paired
    assert "not in pairs" in found.pairing
    raw = next(one for one in found.numbers if one.measure.name == "survival_raw")
    assert (raw.difference.mean, raw.is_same) == (0.0, False)
    assert raw.difference.lo < 0 < raw.difference.hi
    assert "Nothing differs beyond luck" in found.verdicts[1]


def test_of_unequal_numbers_those_that_both_have_are_pairs(pair):
    def change(folder):
        series = pd.read_csv(folder / "series.csv", float_precision="round_trip")
        series[series["replicate"] < 2].to_csv(folder / "series.csv", index=False)

    found = pair(change)
    assert (found.replicates.n_a, found.replicates.n_b) == (2, 2)
    assert all(one.is_same for one in found.numbers)


def test_a_single_replicate_does_not_tell_luck(make_run):
    a, b = make_run(replicates=1), make_run(replicates=1, n_b=310)
    assert "One replicate does not tell what is luck" in Diff(a, b).verdicts[1]


def test_what_comes_first_is_told_even_where_it_is_the_same(pair):
    found = pair()
    assert {one.measure.name for one in found.numbers if one.is_first} == set(FIRST) - {"lysis"}


def test_wells_and_patients_are_refused(run, simulated_run):
    with pytest.raises(ReadError, match=r"is a run of wells, .* one of patients.*allowed: two runs of wells"):
        Diff(run, Tables(simulated_run("cll").path))


def test_a_run_that_has_not_finished_and_the_same_run_twice_are_refused(pair, run):
    with pytest.raises(ReadError, match="has not finished; abm resume"):
        pair(lambda folder: edit("provenance.json", "ab" * 32, "ba" * 32)(folder))
    with pytest.raises(ReadError, match="the same folder"):
        Diff(run, run)


def test_the_page_shows_both_runs_in_one_picture(pair):
    found = pair(revive)
    panels = courses.main_panels(found)
    fig = courses.figure(found, panels)
    assert [ax.get_title(loc="left") for ax in fig.axes] == ["serum", "effectors", "both"]
    for ax in fig.axes:
        a, b = ax.lines
        assert (a.get_linestyle(), b.get_linestyle()) == ("-", "--")
        assert a.get_color() != b.get_color()
    assert np.allclose(fig.axes[2].lines[1].get_ydata()[-1] - fig.axes[2].lines[0].get_ydata()[-1], 100 * 31 / 300)
    assert "“both” at" in courses.seen(found, panels)
    html = page_of(found)
    assert "Both over time" in html
    assert "points where the measure is in percent" in html


def test_json_holds_null_for_what_is_not_known(make_run):
    found = json.loads(
        json.dumps(Diff(make_run(replicates=1), make_run(replicates=1, n_b=310)).plain(), allow_nan=False)
    )
    assert found["numbers"][0]["lo"] is None
