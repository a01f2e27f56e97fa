"""The table of parameters: everything that has a number, with its origin."""

import re

import pytest

from abm.scenario.from_file import load_scenario
from abm.scenario.parameters import COLUMNS, parameters
from abm.scenario.references import references
from abm.scenario.schema import Scenario

DATA = {
    "seed": 4,
    "duration": "2 h",
    "space": {"kind": "floor", "side": "400 um"},
    "populations": {"b_cells": {"cd20": {"median": 9e4}}},
    "processes": {"inner": {"kind": "internalisation", "rate_per_h": 0.15}, "decay": {"kind": "antibody_decay"}},
    "arms": {"a": {"add": [{"serum": "25 %"}, {"rituximab": "10 ug/mL", "at": "30 min"}]}},
}


@pytest.fixture(scope="module")
def table():
    """Return the rows by name."""
    columns = parameters(Scenario.model_validate(DATA))
    assert tuple(columns) == COLUMNS
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    assert len({row["name"] for row in rows}) == len(rows)
    return {row["name"]: row for row in rows}


def test_a_value_has_its_unit_source_and_description(table):
    row = table["processes.inner.rate_per_h"]
    assert (row["value"], row["unit"], row["description"]) == ("0.15", "1/h", "Internalisation rate")
    assert "Beum2011" in row["source"]


@pytest.mark.parametrize(
    ("name", "value", "origin"),
    [
        ("seed", "4", "overridden"),
        ("replicates", "1", "default"),
        ("duration", "2.0", "overridden"),
        ("space.side", "400.0", "overridden"),
        ("space.volume", "200.0", "default"),
        ("populations.b_cells.n", "10000", "default"),
        ("populations.b_cells.cd20.median", "90000.0", "overridden"),
        ("processes.inner.rate_per_h", "0.15", "default"),  # what the file repeats is not changed
        ("processes.decay.half_life", "480.0", "default"),
        ("arms.a.add.0.serum", "0.25", "overridden"),
        ("arms.a.add.1.at", "0.5", "overridden"),
        ("antibodies.rituximab.kd_nM", None, "default"),
        ("covariates.age_years", "48.0", "default"),
    ],
)
def test_values_have_the_path_that_set_takes_and_their_origin(table, name, value, origin):
    assert table[name]["origin"] == origin
    assert value in (None, table[name]["value"])


def test_what_is_not_used_is_not_listed(table):
    added = [name.removeprefix("arms.a.add.") for name in table if name.startswith("arms.a.add.")]
    assert sorted(added) == ["0.at", "0.serum", "1.at", "1.rituximab"]  # nothing of an infusion or a daily dose
    assert not any(name.startswith("populations.nk_cells") for name in table)


def test_what_belongs_to_an_infusion_or_a_daily_dose_is_listed_with_it():
    path = "configs/scenarios/wm_ibrutinib.yaml"
    add = [{"infusion": "375 mg/m2"}, {"ibrutinib": "420 mg"}]
    names = parameters(load_scenario(path, {"arms": {"a": {"add": add}}, "cohort": None}))["name"]
    added = [name.removeprefix("arms.a.add.") for name in names if name.startswith("arms.a.add.")]
    assert added == ["0.at", "0.infusion", "0.over", "0.times", "0.every", "1.at", "1.ibrutinib", "1.missed"]


def test_every_source_is_known_or_says_what_it_is(table):
    known = references()
    for row in table.values():
        cited = re.split(r"(?:^|; )(?:assumed|fitted|design):", row["source"])[0]  # what follows is in words
        assert cited or row["source"]
        assert all(source in known for source in cited.split("; ") if source), row["source"]
