"""``abm run``: one object, or a table; one folder of results."""

import math
import os
import pty
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from abm.core.par import plain
from abm.results.run import Run
from abm.scenario.from_file import load_scenario

ROOT = Path(__file__).parents[2]
UNDRAWN = """
from contextlib import nullcontext
from abm import cli
cli.shared.drawing = lambda n: nullcontext(lambda folder: folder)
cli.main()
"""
INTERVAL = {"mean", "lo", "hi"}
DEATHS = {"cdc", "adcc", "background"}


def test_json_is_one_object_of_the_promised_shape(call, tiny, undrawn):
    ended = call("run", tiny, "--json", "--replicates", 2, "--seed", 7)
    assert (ended.code, ended.err) == (0, "")
    found = ended.json
    assert {"arms", "folder", "scenario_hash", "result_hash"} <= found.keys()
    assert set(found["arms"]) == {"serum", "both"}
    for arm in found["arms"].values():
        assert {"survival", "survival_raw", "control", "deaths"} <= arm.keys()
        assert set(arm["deaths"]) == DEATHS
        assert all(set(arm[key]) == INTERVAL for key in ("survival", "survival_raw", "control"))
    assert re.fullmatch("[0-9a-f]{64}", found["result_hash"])
    folder = Path(found["folder"])
    assert folder == Path.cwd() / "runs" / "tiny" / f"{found['scenario_hash'][:8]}-s7"
    assert Run(folder).summary() == {key: found[key] for key in found.keys() - {"folder", "report"}}


def test_the_numbers_follow_from_the_tables(finished):
    run = Run(finished)
    summary, last = run.summary(), run.series().groupby(["arm", "replicate"]).last()
    for name, control in run.arms().query("not is_control")[["arm", "control_arm"]].itertuples(index=False):
        own, other = last.loc[name], last.loc[control]
        raw = (own["n_b_alive"] / own["n_b_start"]).to_numpy()
        base = (other["n_b_alive"] / other["n_b_start"]).to_numpy()
        arm = summary["arms"][name]
        assert arm["survival_raw"]["mean"] == pytest.approx(raw.mean(), rel=1e-12)
        assert arm["control"]["mean"] == pytest.approx(base.mean(), rel=1e-12)
        assert arm["survival"]["mean"] == pytest.approx((raw / base).mean(), rel=1e-12)
        mean, error = (raw / base).mean(), (raw / base).std(ddof=1) / math.sqrt(2)
        factor = math.exp(12.706204736432095 * error / mean)  # Student's t, one degree of freedom, on the log scale
        ends = (mean / factor, min(mean * factor, max(1.0, mean)))
        assert (arm["survival"]["lo"], arm["survival"]["hi"]) == pytest.approx(ends, rel=1e-9)
        deaths = run.deaths().query("arm == @name")
        for cause, share in arm["deaths"].items():
            each = (deaths["cause"] == cause).groupby(deaths["replicate"]).sum().to_numpy() / own[
                "n_b_start"
            ].to_numpy()
            assert share == pytest.approx(each.mean(), rel=1e-12)
        assert sum(arm["deaths"].values()) + arm["survival_raw"]["mean"] == pytest.approx(1.0, rel=1e-12)
    assert summary["arms"]["both"]["deaths"]["cdc"] > 0.3
    assert max(summary["conservation"].values()) < 1e-10


def test_the_folder_holds_what_explains_it(finished):
    run = Run(finished)
    assert {"arm", "replicate"} <= set(run.series()) & set(run.deaths()) & set(run.start()) & set(run.cells(0))
    assert len(run.start()) == 8 * 60 + 4 * 5
    assert load_scenario(finished / "scenario.yaml") == load_scenario(ROOT / "tests/study/tiny.yaml", ("replicates=2",))
    assert set(run.parameters()["origin"]) == {"default", "overridden"}
    assert not {"parts", ".lock"} & {path.name for path in finished.iterdir()}
    text = "".join(p.read_text() for p in finished.glob("*.json")) + (finished / "arms.csv").read_text()
    assert f'"{os.uname().nodename}"' not in text
    assert str(finished.parents[2]) not in text


def test_without_json_a_table_and_the_path_of_the_report_are_printed(call, tiny, undrawn):
    ended = call("run", tiny)
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    header = ["arm", "survival %", "raw %", "control %", "cdc %", "adcc %", "background %"]
    assert re.split(r"\s{2,}", lines[0].strip()) == header
    assert [line.split()[0] for line in lines[1:-1] if not line.startswith(" ")] == ["serum", "both"]
    assert re.fullmatch(r"/\S+/runs/tiny/[0-9a-f]{8}-s1/report\.html", lines[-1])


def test_a_report_is_drawn_at_the_end_and_drawn_anew(call, small):
    found = call("run", small, "--json").json
    page = Path(found["report"])
    assert page == Path(found["folder"]) / "report.html"
    assert found["result_hash"][:8] in page.read_text()
    page.unlink()
    shutil.rmtree(page.parent / "figures")
    again = call("report", page.parent, "--json")
    assert again.json == {"report": str(page)}
    assert page.exists()
    assert list((page.parent / "figures").glob("*.png"))


def test_without_figures_there_are_tables_and_what_is_printed_until_a_report_is_asked_for(call, small, monkeypatch):
    monkeypatch.setattr("abm.cli.shared.drawing", lambda n: pytest.fail("something is drawn"))
    told = call("run", small, "--no-figures").out.splitlines()
    assert told[0].split()[0] == "arm"
    folder = Path(told[-1])
    assert (folder / "series.csv").exists()
    assert not (folder / "figures").exists()
    assert not (folder / "report.html").exists()
    assert "report" not in call("run", small, "--no-figures", "--json").json
    assert call("resume", folder, "--no-figures", "--json").json["folder"] == str(folder)
    monkeypatch.undo()
    assert Path(call("report", folder, "--json").json["report"]).exists()


def test_a_run_without_figures_does_not_load_what_draws_them(small):
    code = "import sys; sys.argv = ['abm', *sys.argv[1:]]\nfrom abm.cli import main\n"
    code += "try: main()\nexcept SystemExit: pass\nfinally: print('matplotlib' in sys.modules)"
    words = ["run", small, "--no-figures", "--threads", "1", "--out", small.parent]
    done = subprocess.run([sys.executable, "-P", "-c", code, *words], capture_output=True, text=True, timeout=120)
    assert done.stdout.splitlines()[-1] == "False", done.stderr


def test_a_finished_run_is_reused(call, small, undrawn):
    first = call("run", small, "--json").json
    stamp = (Path(first["folder"]) / "series.csv").stat().st_mtime_ns
    assert call("run", small, "--json", "--threads", 3).json == first
    assert call("resume", first["folder"], "--json").json == first
    assert (Path(first["folder"]) / "series.csv").stat().st_mtime_ns == stamp


def test_seed_and_replicates_are_short_for_set(call, small, undrawn):
    short = call("run", small, "--json", "--seed", 2**64 - 1, "--replicates", 2).json
    long = call("run", small, "--json", "--set", f"seed={2**64 - 1}", "--set", "replicates=2").json
    assert short == long
    assert short["replicates"] == 2


def test_the_step_check_compares_with_half_the_step(call, tiny, undrawn):
    found = call("run", tiny, "--json", "--check-step", "--set", "probes={counts: {every: 10 min}}").json
    assert set(found["step_check"]) == {"serum", "both"}
    half = next(Path("runs").glob("tiny.half-step/*"))
    fine, coarse = (Run(folder).series().groupby("arm").last() for folder in (half, found["folder"]))
    points = 100.0 * (fine["n_b_alive"] / fine["n_b_start"] - coarse["n_b_alive"] / coarse["n_b_start"])
    assert points.abs().max() > 0.0
    for arm, change in found["step_check"].items():
        assert change["mean"] == pytest.approx(points[arm])
        assert abs(change["mean"]) < 20  # of 60 cells
    assert Run(half).series()["time_h"].max() == 1.0
    assert load_scenario(half / "scenario.yaml").dt == pytest.approx(0.5 / 60)


def test_explain_shows_the_step_with_times(call, tiny):
    rows = call("run", tiny, "--explain", "--json").json["step"]
    phases = [row["phase"] for row in rows]
    assert phases == sorted(phases, key=["DOSE", "FIELDS", "SENSE", "ACT", "FATE", "MOVE"].index)
    assert {"additions", "fate", "binding", "engagement"} <= {row["process"] for row in rows}
    assert sum(float(row["ms_per_step"]) for row in rows) > 0
    assert "b_cells.bound_per_cell" in next(row["writes"] for row in rows if row["process"] == "binding")
    table = call("run", tiny, "--explain").out
    named = [line.split()[1] for line in table.splitlines()[1:] if not line.startswith(" ")]
    assert named == [row["process"] for row in rows]
    assert not Path("runs").exists()


def test_dry_run_says_what_it_would_take_and_runs_nothing(call, tiny):
    found = call("run", tiny, "--dry-run", "--json").json
    assert (found["wells"], found["cells_per_well"], found["steps"], found["workers"]) == (4, 365, 60, 1)
    assert set(found) >= {"memory_GB", "disk_GB", "seconds"}
    assert "wells" in call("run", tiny, "--dry-run").out
    assert not Path("runs").exists()


@pytest.mark.parametrize("words", [["--dry-run"], []])
def test_too_large_a_run_is_refused_with_numbers_and_ways_out(call, tiny, words):
    ended = call("run", tiny, "--json", "--set", "populations.b_cells.n=100000000", *words)
    assert ended.code == ended.json["exit_code"] == 4
    assert re.search(r"needs about [\d.]+(e\+\d+)? GB of memory and [\d.]+ GB are free", ended.err)
    for way in ("fewer cells (--set populations.b_cells.n", "fewer wells at once (--threads 1)", "fewer snapshots"):
        assert way in ended.err
    assert not Path("runs").exists()


def test_progress_is_shown_on_a_terminal_only_and_never_on_stdout(small, tmp_path):
    command = [sys.executable, "-c", UNDRAWN, "run", small, "--json", "--out", tmp_path / "runs"]
    ours, theirs = pty.openpty()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, cwd=ROOT, text=True) as process:
        os.close(theirs)
        out, shown = process.stdout.read(), b""
        while chunk := _read(ours):
            shown += chunk
    assert process.returncode == 0
    assert out.startswith("{")
    assert out.count("\n") == 1
    assert b"done" in shown
    assert b"100%" in shown


def _read(descriptor):
    try:
        return os.read(descriptor, 4096)
    except OSError:  # the other side is closed
        return b""


def test_conditions_that_differ_in_nothing_share_a_control(finished):
    arms = Run(finished).arms().set_index("arm")["control_arm"]
    assert arms["serum"] == "serum~control"
    assert arms["both"] == "both~control"
    assert arms["serum~control"] == ""


def test_parameters_of_the_folder_are_those_of_the_scenario(finished):
    table = Run(finished).parameters().set_index("name")
    assert table.loc["populations.b_cells.n", "value"] == "60"
    assert table.loc["populations.b_cells.n", "origin"] == "overridden"
    assert np.isclose(float(table.loc["dt", "value"]), 1 / 60)
    assert plain(load_scenario(finished / "scenario.yaml"))["dt"].endswith(" h")
