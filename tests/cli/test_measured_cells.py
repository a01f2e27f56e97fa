"""``abm cells`` looks at events, and a run with measured cells knows its file by name and content."""

import json

import numpy as np
import pytest

from abm.document.reach import allow
from tests.cli.conftest import SMALL

VALUES = 1000.0 * np.exp(0.4 * np.random.default_rng(1).normal(size=300))
MEASURED = SMALL.replace(
    "b_cells: {n: 40}", "b_cells: {n: 40, low_fraction: 0, cd20: {from: events.csv, median: 90000}}"
)


@pytest.fixture(autouse=True)
def nobody_is_allowed_more():
    """Take back what a call was allowed to read."""
    yield
    allow(())


@pytest.fixture
def files(tmp_path):
    """Write a scenario in a folder of its own, with its events beside it."""
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "events.csv").write_text("CD20,Time\n" + "".join(f"{value!r},1\n" for value in VALUES.tolist()))
    (folder / "small.yaml").write_text(MEASURED)
    return folder


def test_cells_tell_channels_gates_median_and_spread_with_a_figure(call, files, tmp_path):
    gate = "gates=[{channel: CD20, lo: 500}]"
    words = ("cells", files / "events.csv", "--set", gate, "--set", "median=90000")
    found = call(*words, "--json").json
    kept = VALUES[VALUES >= 500.0]
    assert [own["kind"] for own in found["channels"]] == ["linear", "time"]
    assert (found["events"], found["after_gates"]) == (300, [kept.size])
    assert found["median_per_cell"] == pytest.approx(90_000.0)
    assert found["sigma_not_low"] == pytest.approx(np.log(kept).std())
    assert (found["low_fraction"], found["is_assumed"]) == (0.0, False)
    assert (tmp_path / "events-cells.png").read_bytes().startswith(b"\x89PNG")
    told = " ".join(call(*words, "--no-figures").out.split())
    assert f"after gate 1: CD20 from 500 {kept.size} events" in told
    assert "scale: median event 90,000 sites per cell, stated" in told


def test_cells_without_a_cd20_channel_ask_for_its_name(call, files):
    (files / "other.csv").write_text("FL1,x\n" + "5,1\n" * 200)
    assert "no channel is called CD20: name it by --channel" in call("cells", files / "other.csv").out
    named = call("cells", files / "other.csv", "--channel", "FL1", "--no-figures", "--json").json
    assert named["is_assumed"]
    assert call("cells", files / "other.csv", "--channel", "FL2").code == 2


def test_a_scenario_is_looked_at_as_its_run_would_draw(call, files):
    found = call("cells", files / "small.yaml", "--no-figures", "--json").json
    assert (found["file"], found["median_per_cell"]) == ("events.csv", pytest.approx(90_000.0))


def test_a_run_knows_its_events_by_content_and_nothing_of_where_they_lie(call, files, tmp_path):
    told = call("run", files / "small.yaml", "--no-figures", "--threads", 1, "--json")
    assert told.code == 0, told.err
    run = tmp_path / told.json["folder"]
    (known,) = json.loads((run / "provenance.json").read_text())["files"]
    assert known["name"] == "events.csv"
    assert str(tmp_path) not in (run / "scenario.yaml").read_text()
    moved = tmp_path / "there"
    files.rename(moved)
    again = call("run", moved / "small.yaml", "--no-figures", "--threads", 1, "--json").json
    assert again["result_hash"] == told.json["result_hash"]
    ended = call("--allow-path", moved, "resume", run, "--no-figures")
    assert ended.code == 2
    assert "no such file" in ended.err
    assert "events.csv" in ended.err
    (moved / "events.csv").write_text("CD20\n" + "5\n" * 300)
    moved.rename(files)
    ended = call("--allow-path", files, "resume", run, "--no-figures")
    assert ended.code == 2
    assert "'events.csv' has changed since the scenario was read" in ended.err


def test_the_rows_of_a_study_draw_from_the_events_of_its_base(call, files):
    (files / "gates.yaml").write_text(
        "name: gates\nbase: small.yaml\nseeds: [1]\nsummaries: [drug.survival_raw]\n"
        "design: {kind: list, points: [{}, {populations.b_cells.cd20.gates: [{channel: CD20, lo: 800}]}]}\n"
    )
    ended = call("study", "run", files / "gates.yaml", "--threads", 1, "--json")
    assert ended.code == 0, ended.err
    assert (ended.json["done"], ended.json["failed"]) == (2, 0)
