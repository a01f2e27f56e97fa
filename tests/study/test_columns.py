"""In a study's table "off", "unchanged" and "there is none" are three things, and numbers have their unit."""

import json

import pandas as pd
import pytest

from abm.document.load import dump
from abm.study.columns import Columns
from abm.study.execute import local, run_study
from abm.study.indices import indices, undefined
from abm.study.jobs import Monitor
from abm.study.rows import as_base
from abm.study.spec import load_study

SHIELD, LEFT, GENOTYPE = "processes.shield", "processes.shield.max_frac", "covariates.fcgr3a"
LAG, N, VOLUME, ADDED = "processes.potency.lag", "populations.b_cells.n", "space.volume", "processes.more"


BOTH = "[{rituximab: 10 ug/mL}, {serum: 25 %}]"


@pytest.fixture(scope="module")
def base(tiny):
    return json.loads(as_base(tiny()))


@pytest.fixture
def study(tiny, tmp_path):
    """Return the function that runs a study of the tiny scenario in one process, and returns its table."""
    sets = ("duration=4 min", "dt=2 min", "probes={counts: {every: 2 min}}", f"arms.both.add={BOTH}")
    (tmp_path / "base.yaml").write_text(dump(tiny(*sets)))

    def run(design, *summaries, seeds=(1,)):
        asked = {"base": "base.yaml", "design": design, "seeds": list(seeds), "summaries": list(summaries)}
        (tmp_path / "study.yaml").write_text(json.dumps(asked))
        planned = load_study(tmp_path / "study.yaml")
        return planned, run_study(planned, tmp_path / "runs", local(1), Monitor())

    return run


def test_off_unchanged_and_missing_are_three_things(base):
    columns = Columns(base, [SHIELD, LEFT, GENOTYPE, ADDED, "arm"])
    own = base["processes"]["shield"]
    unchanged, off, changed = (columns.of(point) for point in ({}, {SHIELD: None}, {LEFT: 0.5, GENOTYPE: "FF"}))
    assert (json.loads(unchanged[SHIELD]), unchanged[LEFT]) == (own, own["max_frac"])
    assert (off[SHIELD], off[LEFT]) == ("off", None)
    assert (json.loads(changed[SHIELD])["max_frac"], changed[LEFT]) == (0.5, 0.5)
    assert (unchanged[GENOTYPE], changed[GENOTYPE]) == (base["covariates"]["fcgr3a"], "FF")
    assert {point[ADDED] for point in (unchanged, off, changed)} == {"off"}  # no process of that name
    assert (unchanged["arm"], columns.of({"arm": "serum"})["arm"]) == ("all", "serum")


def test_a_parameter_that_is_null_is_off(base):
    columns = Columns(base, ["processes.dheas.x_um", "probes.cells"])
    assert columns.of({"probes.cells": None})["probes.cells"] == "off"
    assert columns.of({"processes.dheas.x_um": 100})["processes.dheas.x_um"] == 100


def test_numbers_are_in_the_unit_that_the_header_names(base):
    columns = Columns(base, [LAG, VOLUME, N, LEFT])
    assert list(columns.names.values()) == [f"{LAG}_h", f"{VOLUME}_uL", N, LEFT]
    assert columns.of({LAG: "30 min", VOLUME: "2000 nL", N: 7, LEFT: "50 %"}) == {
        f"{LAG}_h": 0.5,
        f"{VOLUME}_uL": 2.0,
        N: 7,
        LEFT: 0.5,
    }
    assert columns.of({LAG: "30 min"})[f"{VOLUME}_uL"] == 1.0
    dose = "arms.serum.add.0.rituximab"
    found = [Columns(base, [dose]).of({dose: text}) for text in ("10 mg/L", "100 nM")]
    assert found == [{f"{dose}_ug_per_mL": 10.0}, {f"{dose}_ug_per_mL": pytest.approx(14.5)}]


def test_the_table_says_what_every_row_changes(study):
    points = [{}, {SHIELD: None}, {GENOTYPE: "FF"}, {VOLUME: "1.5 uL"}, {N: 30}]
    _, folder = study({"kind": "list", "points": points}, "serum.survival")
    table = folder.table()
    assert [json.loads(point) for point in table["point"]] == points
    assert (table[SHIELD] == "off").tolist() == [False, True, False, False, False]
    assert table[GENOTYPE].tolist() == ["VV", "VV", "FF", "VV", "VV"]
    assert table[f"{VOLUME}_uL"].tolist() == [1.0, 1.0, 1.0, 1.5, 1.0]
    assert table[N].tolist() == [60, 60, 60, 60, 30]
    plan = pd.read_parquet(folder.path / "plan.parquet")
    assert plan.columns.tolist() == ["id", "seed", "hash", "point"]
    assert plan["point"].tolist() == table["point"].tolist()


def test_one_at_a_time_over_a_parameter_with_a_unit_has_its_tornado(study):
    from abm.plot.page.report import write_report
    from abm.plot.studies import tornado
    from abm.plot.studies.points import Points

    axes = {VOLUME: {"lo": "0.9 uL", "hi": "1.1 uL"}, LAG: ["2 h", "3 h"], SHIELD: [None]}
    _, folder = study({"kind": "one_at_a_time", "axes": axes}, "both.bound_per_cell", seeds=(1, 2))
    write_report(folder.path)
    table = folder.table().groupby("point", sort=False)["both.bound_per_cell"].mean()
    ends = {path: (low, high) for path, low, high in tornado.spans(Points(folder), "both.bound_per_cell")}
    assert ends[VOLUME] == pytest.approx((table.iloc[1] - table.iloc[0], table.iloc[2] - table.iloc[0]))
    assert ends[VOLUME][0] < 0 < ends[VOLUME][1]
    assert ends[SHIELD][0] == ends[SHIELD][1]


def test_a_run_without_a_value_is_named_and_costs_its_own(study):
    axes = {LEFT: {"lo": 0.1, "hi": 0.9}, N: {"lo": 5, "hi": 40}}
    planned, folder = study({"kind": "morris", "n": 3, "axes": axes}, "both.survival", "serum.kills_per_nk")
    table = folder.table()
    rows = "no value in 9 of 9 rows (0, 1, 2, 3, 4, 5, 6, 7, 8)"
    told = {"serum.kills_per_nk": f"{rows}; too few whole trajectories for an index"}
    assert undefined(planned, table, indices(planned, table)) == told
    table.loc[4, "both.survival"] = float("nan")
    found = indices(planned, table)
    assert {(index.n, index.planned) for index in found["both.survival"]} == {(2, 3)}
    told = undefined(planned, table, found)["both.survival"]
    assert told == "no value in 1 of 9 rows (4); 2 of 3 trajectories are whole and used"
    written = folder.read_json("sensitivity.json")
    assert written["serum.kills_per_nk"] == []
    assert "too few whole" in written["undefined"]["serum.kills_per_nk"]
    assert [row["lo"] for row in written["both.survival"]] == [None] * 6  # three trajectories have no tail of 2.5 %


def test_wells_that_were_not_asked_for_are_not_undefined(study):
    planned, folder = study({"kind": "factorial", "axes": {"arm": ["serum", "both"]}}, "serum.survival")
    assert undefined(planned, folder.table(), {}) == {}
