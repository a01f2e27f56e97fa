"""Cells have what was measured of an event each: the same cells, whoever is beside them."""

import re

import numpy as np
import pytest

from abm.core.errors import InputError
from abm.core.stack import alike, stack
from abm.scenario.build import Subject, build
from abm.scenario.from_file import load_scenario

N = 500
RNG = np.random.default_rng(7)
CD20 = np.where(RNG.random(N) < 0.1, RNG.normal(0.0, 30.0, N), 1000.0 * np.exp(0.5 * RNG.normal(size=N)))
COMMON = RNG.normal(size=N)
CD55 = 300.0 * np.exp(0.5 * COMMON)
CD59 = 900.0 * np.exp(0.5 * (0.8 * COMMON + 0.6 * RNG.normal(size=N)))
WELL = """
name: well
duration: 1 h
dt: 5 min
space: {kind: mixed, volume: 1 uL}
populations:
  b_cells:
    n: 4000
    low_fraction: 0
    cd20: {from: events.csv, channel: CD20, median: 100000}
processes:
  binding: {kind: binding}
  docking: {kind: complement_docking}
  c3b: {kind: c3b_deposition}
  mac: {kind: mac_insertion}
  lysis: {kind: mac_lysis}
arms:
  drug: {add: [{rituximab: 10 ug/mL}, {serum: 25 %}]}
probes:
  counts: {every: 1 h}
"""
BOTH = {"populations.b_cells.cd20.cd55_channel": "CD55", "populations.b_cells.cd20.cd59_channel": "CD59"}
CD20_OF = "populations.b_cells.cd20"


@pytest.fixture(scope="module")
def well(tmp_path_factory):
    """Return the function that loads a well whose B cells were measured."""
    folder = tmp_path_factory.mktemp("measured")
    rows = zip(CD20, CD55, CD59, strict=True)
    text = "\n".join(["CD20,CD55,CD59", *(",".join(repr(float(value)) for value in row) for row in rows)])
    (folder / "events.csv").write_text(text)
    (folder / "well.yaml").write_text(WELL)
    return lambda sets=(), replicate=0: load_scenario(folder / "well.yaml", sets)


def cells_of(scenario, replicate=0):
    simulation = build(scenario, Subject("drug", replicate))
    return simulation.world.populations["b_cells"]


def test_each_cell_has_the_cd20_of_an_event_scaled_to_the_stated_median(well):
    cd20 = cells_of(well()).cd20_start_per_cell
    sites = np.maximum(100_000.0 * CD20 / np.median(CD20), 0.0)
    assert set(np.round(cd20, 6)) <= set(np.round(sites, 6))
    assert np.median(cd20) == pytest.approx(100_000.0, rel=0.05)
    assert (cd20 == 0.0).mean() == pytest.approx((CD20 <= 0.0).mean(), abs=4 * np.sqrt(0.05 / 4000))


def test_what_was_stained_together_varies_together(well):
    cells = cells_of(well(BOTH))
    events = np.corrcoef(np.log(CD55), np.log(CD59))[0, 1]
    assert np.corrcoef(np.log(cells.cd55), np.log(cells.cd59))[0, 1] == pytest.approx(events, abs=0.05)
    apart = cells_of(well())
    assert abs(np.corrcoef(np.log(apart.cd55), np.log(apart.cd59))[0, 1]) < 0.06
    pairs = {(round(a, 9), round(b, 9)) for a, b in zip(CD55 / np.median(CD55), CD59 / np.median(CD59), strict=True)}
    assert {(round(a, 9), round(b, 9)) for a, b in zip(cells.cd55, cells.cd59, strict=True)} <= pairs


def test_what_was_not_measured_stays_as_it_was(well, tmp_path):
    (tmp_path / "plain.yaml").write_text(WELL.replace("from: events.csv, channel: CD20, median", "sigma: 0.4, median"))
    plain = cells_of(load_scenario(tmp_path / "plain.yaml"))
    cells = cells_of(well())
    for name in ("cd55", "cd59", "hits_needed", "igm_per_s"):
        assert np.array_equal(cells[name], plain[name]), name
    assert not np.array_equal(cells.cd20_start_per_cell, plain.cd20_start_per_cell)


def test_under_another_scale_the_same_cell_has_the_same_event(well):
    one, two = (cells_of(well({f"{CD20_OF}.median": median})).cd20_start_per_cell for median in (50_000, 100_000))
    np.testing.assert_allclose(two, 2.0 * one, rtol=1e-12)
    gated = cells_of(well({f"{CD20_OF}.gates": [{"channel": "CD20", "lo": 200}]})).cd20_start_per_cell
    assert gated.min() > 0.0
    assert np.corrcoef(np.argsort(np.argsort(gated)), np.argsort(np.argsort(two)))[0, 1] > 0.98


def test_a_well_of_measured_cells_is_the_same_alone_and_in_company(well):
    medians = (80_000, 100_000, 120_000)

    def simulation(median):
        return build(well(BOTH | {f"{CD20_OF}.median": median}), Subject("drug", 0))

    alone, company = simulation(100_000), [simulation(median) for median in medians]
    assert alike(company) == [[0, 1, 2]]
    together = stack(company)
    for one in (alone, together):
        one.run()
    cells, own = alone.world.populations["b_cells"], together.world.of(1, is_over=True).populations["b_cells"]
    assert alone.world.tallies["b_cells.deaths_cdc"] > 0
    for name in (column for column in cells.columns if column != "subject" and not cells.columns[column].refers):
        assert np.ascontiguousarray(cells[name]).tobytes() == np.ascontiguousarray(own[name]).tobytes(), name


def test_subclones_of_a_patient_are_measured_too(well, tmp_path):
    (tmp_path / "events.csv").write_text("CD20\n" + "\n".join(str(float(value)) for value in CD20))
    (tmp_path / "patient.yaml").write_text(
        "extends: waldenstrom\n"
        "populations: {b_cells: {cells_per_agent: 1.0e+9, cd20: {from: events.csv, channel: CD20}}}\n"
        "arms: {untreated: {}}\n"
    )
    scenario = load_scenario(tmp_path / "patient.yaml")
    cd20 = build(scenario, Subject("untreated", 0)).world.populations["b_cells"].cd20_start_per_cell
    sites = np.maximum(scenario.cell_types()["b_cells"].cd20.median * CD20 / np.median(CD20), 0.0)
    assert set(np.round(cd20, 6)) <= set(np.round(sites, 6))


@pytest.mark.parametrize(
    ("sets", "words"),
    [
        ({f"{CD20_OF}.channel": "CD2O"}, r"cd20\.channel.*events\.csv: no channel 'CD2O'.*CD20"),
        ({f"{CD20_OF}.cd55_channel": "CD56"}, r"cd20\.cd55_channel.*no channel 'CD56'"),
        ({f"{CD20_OF}.gates": [{"channel": "CD20", "lo": 1e6}]}, r"cd20\.gates\.0.*keeps 0 of 500.*at least 100"),
        ({f"{CD20_OF}.gates": [{"channel": "CD20", "hi": 0}]}, r"keeps \d+ of 500"),
        ({f"{CD20_OF}.scale": {"beads": [[1, 1], [2, 3], [3, 2]]}}, r"cd20\.scale\.beads.*bead 3"),
        ({f"{CD20_OF}.median": None}, r"no scale from channel values to molecules.*beads"),
        ({"populations.b_cells.low_fraction": 0.1}, r"low_fraction.*events\.csv hold their own CD20-low cells"),
        ({f"{CD20_OF}.from": "event.csv"}, r"no such file 'event\.csv'.*events\.csv"),
        ({f"{CD20_OF}.from": "../../events.csv"}, r"out of reach|no such file"),
        ({"arms.other": {"set": {f"{CD20_OF}.channel": "CD90"}}}, r"arms\.other\.set.*no channel 'CD90'"),
        ({"arms.other": {"set": {f"{CD20_OF}.from": "events.csv"}}}, r"arms\.other\.set.*named where no file is read"),
    ],
)
def test_what_does_not_fit_the_events_is_refused_with_its_place(well, sets, words):
    with pytest.raises(InputError) as refused:
        well(sets)
    assert re.search(words, str(refused.value)), str(refused.value)


def test_a_channel_that_is_misspelt_in_the_scenario_is_told_with_its_line(well, tmp_path):
    (tmp_path / "events.csv").write_text("CD20\n" + "5\n" * 200)
    (tmp_path / "well.yaml").write_text(WELL.replace("channel: CD20", "channel: CD2O"))
    with pytest.raises(InputError, match=r"well\.yaml:10:\d+  .*cd20\.channel  events\.csv: no channel 'CD2O'.*'CD20'"):
        load_scenario(tmp_path / "well.yaml")


def test_cells_scaled_by_a_median_that_is_not_above_0_are_refused(tmp_path):
    (tmp_path / "events.csv").write_text("CD20\n" + "-1\n" * 150 + "5\n" * 20)
    (tmp_path / "well.yaml").write_text(WELL)
    with pytest.raises(InputError, match=r"the median event of channel 'CD20' has -1.*> 0"):
        load_scenario(tmp_path / "well.yaml")


def test_null_takes_a_channel_back_that_another_file_names(well, tmp_path):
    text = WELL.replace("channel: CD20", "channel: CD20, cd55_channel: CD55, cd59_channel: CD59")
    (tmp_path / "events.csv").write_text("CD20\n" + "".join(f"{float(value)!r}\n" for value in CD20))
    (tmp_path / "well.yaml").write_text(text)
    own = "extends: well.yaml\npopulations: {b_cells: {cd20: {cd55_channel: null, cd59_channel: null}}}\n"
    (tmp_path / "own.yaml").write_text(own)
    assert np.array_equal(cells_of(load_scenario(tmp_path / "own.yaml")).cd55, cells_of(well()).cd55)
