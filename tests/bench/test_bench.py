"""What the bench says is measured on the right steps, of two revisions that obey the same laws; no time is tested."""

import io
import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from abm.core.jit import set_threads
from abm.scenario.build import subjects
from abm.scenario.from_file import load_scenario
from tests.bench import __main__ as bench
from tests.bench import against, engine, jobs, rounds, shown
from tests.bench.against import Compared, Contest, checkout, compare
from tests.bench.engine import ROOT
from tests.bench.everyday import PLATE
from tests.bench.laws import Law, of_runs, of_scores
from tests.bench.shown import Figure

RNG = np.random.default_rng(1)


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """Time each side once, and use one thread again afterwards."""
    monkeypatch.setattr(engine, "LEAST_S", 1e-9)
    yield
    set_threads(1)


def broken(laws: list[Law]) -> list[str]:
    return [law.name for law in laws if not law.is_kept(len(laws))]


def printed(table) -> str:
    console = Console(width=200, file=io.StringIO())
    console.print(table)
    return console.file.getvalue()


def test_every_repeat_begins_at_the_start_and_ends_in_one_state_on_any_number_of_threads():
    clocked = engine.Clocked(engine.assay(600), n_steps=4)
    assert clocked.n_cells == 600
    assert min(clocked.seconds_per_step(n) for n in (1, 2, 1)) > 0.0
    clocked.move_on()
    assert clocked.seconds_per_step(1) > 0.0
    assert clocked.simulation.world.step == 8
    clocked.expected = "another state"
    with pytest.raises(engine.WrongStateError):
        clocked.seconds_per_step(1)


def test_cells_of_any_size_of_well_have_its_density_and_the_asked_share_of_nk_cells():
    scenario = engine.assay(10_000, nk_share=0.2)
    cells = scenario.populations
    assert (cells.b_cells.n, cells.nk_cells.per_b_cell) == (8000, 0.25)
    assert 10_000 / scenario.space.side**2 == pytest.approx(60_000 / 5657.0**2, rel=1e-6)
    assert 10_000 / scenario.space.volume == pytest.approx(60_000 / 200.0, rel=1e-6)


def test_a_plate_has_96_full_wells_and_its_controls_are_among_them():
    scenario = load_scenario(ROOT / PLATE)
    wells = subjects(scenario)
    assert (len(wells), sum(scenario.counts().values())) == (96, 60_000)
    assert not any(well.is_control for well in wells)


def test_sides_take_turns_and_ratios_are_of_pairs():
    calls = []
    sides = {name: lambda name=name: calls.append(name) or float(len(calls)) for name in "ab"}
    measured, _ = rounds.paired(sides, 3)
    assert calls == ["a", "b"] * 3
    assert rounds.ratios(measured["b"], measured["a"]) == [2.0, 4 / 3, 6 / 5]


def test_memory_is_of_all_processes_that_work_begins():
    hold = "import subprocess, sys, time; held = bytearray(50_000_000); {}; time.sleep(1)"
    child = f"child = subprocess.Popen([sys.executable, '-c', {hold.format('0')!r}])"
    seconds, peak_MB = rounds.with_peak_MB(  # noqa: N806 - a unit
        lambda: subprocess.run([sys.executable, "-c", hold.format(child)], check=True)
    )
    assert seconds >= 1.0
    assert 100.0 < peak_MB < 200.0


def test_laws_that_differ_by_chance_are_kept_and_others_are_broken():
    drawn = RNG.normal(10.0, 1.0, (2, 40))
    before = {"same": drawn[0], "alike": drawn[0], "other": drawn[0], "rounded": drawn[0], "only here": drawn[0]}
    after = {"same": drawn[0], "alike": drawn[1], "other": drawn[1] + 2.0, "rounded": drawn[0] * (1.0 + 1e-6)}
    laws = of_runs(before, after)
    assert [law.name for law in laws] == ["same", "alike", "other", "rounded"]
    assert broken(laws) == ["other"]


def test_that_fewer_are_known_breaks_a_law():
    times = list(RNG.normal(10.0, 1.0, 40))
    laws = of_runs({"time": times}, {"time": [None if i % 2 else one for i, one in enumerate(times)]})
    assert broken(laws) == ["time is known"]
    assert broken(of_runs({"time": [None, 1.0]}, {"time": [None, 1.0]})) == []


@pytest.mark.parametrize(
    ("trial", "moved", "is_broken"), [(0, 1.0, False), (0, 20.0, True), (70, 3.0, False), (70, 15.0, True)]
)
def test_a_claim_may_move_by_its_chance(trial, moved, is_broken):
    one = {"id": "A1", "simulated": 20.0, "interval": (18.0, 22.0) if not trial else (8.0, 32.0), "trial": trial}
    before = {"claims": [one | {"simulated": 20.0 + moved}], "seeds": [1, 2], "scale": 1.0}
    laws = of_scores(before, {"claims": [one], "seeds": [1, 2, 3, 4, 5], "scale": 1.0})
    assert bool(broken(laws)) == is_broken


def test_a_claim_that_few_patients_say_nothing_of_is_left_out_and_one_that_is_lost_is_broken():
    told, untold = ({"id": "P7", "simulated": value, "interval": (8.0, 32.0), "trial": 70} for value in (20.0, None))
    few, many = ({"claims": [], "seeds": list(range(n)), "scale": 1.0} for n in (2, 10))
    assert of_scores(few | {"claims": [untold]}, many | {"claims": [told]}) == []
    assert broken(of_scores(few | {"claims": [told]}, many | {"claims": [untold]})) == ["P7"]


def test_both_sides_run_the_same_seeds_and_a_planted_law_is_found():
    job = jobs.row(300, hours=2.0)
    planted = job | {"sets": (*job["sets"], "processes.docking=null"), "few": job["sets"]}
    found = compare("row", Contest("a row", job, 6, 1.0, planted), (ROOT, ROOT))
    assert len(found.before_s) == len(found.after_s) == 6
    assert {"serum.survival", "both.survival"} <= {law.name for law in found.broken}
    untouched = [law for law in found.laws if law.name.startswith("effectors")]
    assert all(law.before == law.after for law in untouched)
    assert {law.p for law in untouched} == {1.0}
    assert "BROKEN" in printed(against.laws([found]))


def test_the_slow_side_runs_a_part_and_its_seconds_are_those_of_the_whole():
    contest = against.contests(is_full=False)["cohort"]
    assert contest.share == 0.2
    assert "replicates=20" in contest.other["sets"]
    assert "replicates=100" in contest.own["sets"]
    assert against.contests(is_full=True)["cohort"].share == 1.0
    found = Compared("cohort", contest.words, 30.0, 0.2, [50.0], [1.0], 0, [])
    assert "before: 20% of it, scaled" in against.page([found], "abc")


def trees() -> str:
    return subprocess.run([*against.GIT, "worktree", "list"], capture_output=True, text=True, check=True).stdout


has_git = pytest.mark.skipif(not (ROOT / ".git").exists(), reason="no repository: revisions were NOT checked out")


@has_git
def test_a_revision_is_checked_out_and_removed():
    with checkout("HEAD") as place:
        assert (place / "abm" / "core" / "simulation.py").exists()
        assert str(place) in trees()
    assert not place.parent.exists()
    assert str(place) not in trees()


@has_git
def test_a_revision_is_removed_when_interrupted():
    said = "from tests.bench.against import checkout\nwith checkout('HEAD') as place: print(place, flush=True); input()"
    words, pipe = [sys.executable, "-c", said], subprocess.PIPE
    with subprocess.Popen(words, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True) as process:
        place = Path(process.stdout.readline().strip())
        assert place.name == "tree"
        assert str(place) in trees()
        process.send_signal(signal.SIGINT)
        assert process.wait() != 0
    assert not place.parent.exists()
    assert str(place) not in trees()


@has_git
def test_what_is_no_revision_is_said():
    with pytest.raises(SystemExit, match="--against nowhere"), checkout("nowhere"):
        pass


def test_a_figure_says_whether_it_is_reached():
    figures = [
        Figure.of("fast", "×", [1.0, 2.0, 3.0], at_least=1.8),
        Figure.of("large", "MB", [70.0], at_most=60.0, n_busy=1),
        Figure.of("steep", "1", [1.1], at_least=0.98, at_most=1.08),
    ]
    assert [one.is_reached for one in figures] == [True, False, False]
    assert [one.asked for one in figures] == ["≥ 1.8", "≤ 60", "0.98–1.08"]
    assert printed(shown.of_figures(figures, "here")).count("NO") == 2


def test_the_page_shows_what_the_json_holds(tmp_path, monkeypatch):
    figures = [Figure.of("full well", "s", [4.0, 5.0, 6.0]), Figure.of("full well", "s", [3000.0], n_threads=2)]
    compared = Compared("row", "a row", 6.0, 1.0, [6.0, 8.0], [1.0, 1.0], 0, [Law("x", 1.0, 9.0, 1.0, 9)])
    files = {
        "figures": {"machine": {"cores": 2, "threading_layer": "tbb"}, "figures": [vars(one) for one in figures]},
        "against": {"machine": {}, "against": {"revision": "abc", "jobs": [compared.plain()]}},
    }
    for name, content in files.items():
        (tmp_path / name).write_text(json.dumps(content))
    page = tmp_path / "speed.md"
    page.write_text(f"before\n{shown.BEGIN}\nold\n{shown.END}\nafter")
    monkeypatch.setattr(bench, "PAGE", page)
    bench.fill_page([tmp_path / name for name in files])
    text = page.read_text()
    assert text.startswith("before\n") and text.endswith("\nafter") and "old" not in text  # noqa: PT018
    assert "|  | 1 thread | 2 threads |" in text
    assert "| full well (s) | 5 (4–6) | 3 000 |" in text
    assert "| a row | 7 | 1 | 7 | 6 | 8 | 2 |" in text
    assert "0 of 1 laws" in text


def test_the_page_has_a_place_for_the_tables():
    assert shown.filled(bench.PAGE.read_text(), "new").count("new") >= 1
    with pytest.raises(ValueError, match="no <!--"):
        shown.filled("no marks", "new")


def test_only_what_there_is_can_be_asked_for(capsys):
    asked = bench.arguments(["--against", "abc", "--jobs", "well,cohort", "--rounds", "2"])
    assert (asked.jobs, asked.rounds, asked.full) == (("well", "cohort"), 2, False)
    with pytest.raises(SystemExit):
        bench.arguments(["--only", "wel"])
    assert "'wel' is none of throughput, mesa" in capsys.readouterr().err
