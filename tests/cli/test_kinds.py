"""Files and folders given to the verb of another kind; what is refused before anything is computed."""

import json
from pathlib import Path

import pandas as pd
import pytest

from abm import __version__, cli
from abm.plot.catalogue import report_of
from tests.cli.conftest import SMALL

ROOT = Path(__file__).parents[2]
FILES = {
    "scenario": ("configs/scenarios/quick.yaml", "abm run"),
    "study": ("configs/studies/tornado.yaml", "abm study run"),
    "calibration": ("configs/studies/calibration_quick.yaml", "abm fit"),
    "comparison": ("configs/studies/interaction.yaml", "abm compare"),
    "virtual population": ("configs/studies/gertz2004_outcome.yaml", "abm weigh RUN"),
}
VERBS = {
    "scenario": ["run", "check", "params", "view", "movie"],
    "study": ["study run", "study plan", "study status", "study report"],
    "calibration": ["fit"],
    "comparison": ["compare"],
    "virtual population": ["weigh nowhere"],
}
MIXED = [(given, asked, verb) for given in FILES for asked, verbs in VERBS.items() for verb in verbs if given != asked]
STUDY = """
name: pair
base: small.yaml
design: {kind: list, points: [{dt: 1 min}, {dt: 2 min}]}
seeds: [1]
summaries: [drug.survival]
"""


def test_the_version_is_told(call):
    ended = call("--version")
    assert (ended.code, ended.out, ended.err) == (0, f"abm {__version__}\n", "")


@pytest.mark.parametrize(("given", "asked", "verb"), MIXED)
def test_a_file_of_another_kind_is_named_with_its_verb(call, given, asked, verb):
    file, own = FILES[given]
    ended = call(*verb.split(), ROOT / file)
    assert (ended.code, ended.out) == (2, "")
    assert f"the file is a {given}, not a {asked}; its verb: {own} {ROOT / file}\n" in ended.err
    assert ended.err.count("\n") == 1


def test_a_scenario_with_a_misspelt_key_stays_a_scenario(call, write):
    ended = call("run", write(SMALL + "base: x.yaml\n"))
    assert "unknown key 'base'; allowed: " in ended.err


@pytest.fixture
def study(call, small, write):
    """Return the folder of a finished study of a single process."""
    return Path(call("study", "run", write(STUDY, "pair.yaml"), "--threads", 1, "--json").json["report"]).parent


@pytest.mark.parametrize(("name", "verb"), [("plan.parquet", "report"), ("rows.jsonl", "status")])
def test_a_study_that_cannot_be_read_is_named_without_a_traceback(call, study, name, verb):
    (study / name).unlink()
    (study / name).mkdir()
    ended = call("study", verb, "pair.yaml", "--json")
    assert (ended.code, ended.json["exit_code"]) == (2, 2)
    assert ended.err == f"{ended.json['error']}\n"
    assert ended.err.startswith(f"{study / name} cannot be read: ")


def test_report_draws_whatever_a_folder_holds(call, study):
    (study / "report.html").unlink()
    ended = call("report", study, "--json", "--csv", "excel-de")
    assert ended.json == {"report": str(study / "report.html"), "tables": str(study / "excel-de")}
    assert "pair" in (study / "report.html").read_text()
    german = pd.read_csv(study / "excel-de" / "results.csv", sep=";", decimal=",", encoding="utf-8-sig")
    own = pd.read_parquet(study / "results.parquet")
    assert german["drug.survival"].tolist() == own["drug.survival"].tolist()


@pytest.mark.parametrize("mark", cli.runs.OTHERS)
def test_every_kind_of_folder_has_a_report_and_is_not_resumed(call, tmp_path, monkeypatch, mark):
    (tmp_path / mark).write_text(json.dumps({}))
    monkeypatch.setattr("abm.plot.page.report.write_report", lambda folder, *_: folder / "report.html")
    assert report_of(tmp_path).__name__ == f"abm.plot.{'studies' if mark == 'study.json' else 'evidence'}.report"
    assert call("report", tmp_path).out == f"{tmp_path}/report.html\n"
    ended = call("resume", tmp_path)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == f"{tmp_path} is no single run; {cli.runs.OTHERS[mark]} FILE goes on where it stopped\n"


def test_report_writes_every_table_for_a_german_excel(call, finished, undrawn):
    ended = call("report", finished, "--csv", "excel-de")
    assert ended.out == f"{finished / 'report.html'}\n{finished / 'excel-de'}\n"
    tables = [path for path in finished.iterdir() if path.suffix in (".csv", ".parquet")]
    assert {path.name for path in (finished / "excel-de").iterdir()} == {f"{path.stem}.csv" for path in tables}
    for name in ("series", "arms"):
        german = pd.read_csv(finished / "excel-de" / f"{name}.csv", sep=";", decimal=",", encoding="utf-8-sig")
        pd.testing.assert_frame_equal(german, pd.read_csv(finished / f"{name}.csv"))
    assert (finished / "excel-de" / "parameters.csv").read_bytes().startswith(b"\xef\xbb\xbfname;value;unit;")


def test_tables_for_another_program_are_refused(call, finished):
    ended = call("report", finished, "--csv", "excell")
    assert (ended.code, ended.out) == (2, "")
    assert "'excell' is not one of 'excel', 'excel-de'" in ended.err


def test_report_and_resume_of_a_file_say_that_they_take_a_folder(call, small):
    for verb in ("report", "resume"):
        ended = call(verb, small)
        assert (ended.code, ended.out) == (2, "")
        assert f"{small} is a file; allowed: the folder of a run" in ended.err


def test_a_folder_of_runs_names_them(call, finished):
    for folder in (finished.parent, finished.parent.parent):
        for verb in ("report", "resume"):
            ended = call(verb, folder)
            assert (ended.code, ended.out) == (2, "")
            assert ended.err == f"{folder} is no run but holds 1; allowed: one of them, such as {finished}\n"


@pytest.mark.parametrize("verb", ["run small.yaml", "study run pair.yaml"])
def test_a_dry_run_finds_a_folder_that_cannot_be_written_to(call, small, write, verb):
    taken = write("", "taken")
    write(STUDY, "pair.yaml")
    ended = call(*verb.split(), "--dry-run", "--out", taken)
    assert (ended.code, ended.out) == (3, "")
    assert ended.err == f"cannot write {taken}: a part of its path is a file\n"
    ended = call(*verb.split(), "--dry-run", "--out", "new/runs", "--json")
    assert ended.code == 0
    assert not Path("new").exists()


def test_a_dry_run_refuses_an_engine_that_there_is_not(call, small, write):
    ended = call("study", "run", write(STUDY, "pair.yaml"), "--dry-run", "--engine", "slurm")
    assert (ended.code, ended.out) == (2, "")
    assert "engine 'slurm'; allowed: local, dask" in ended.err


@pytest.mark.parametrize(
    ("out", "said"),
    [
        ("film.avi", "film.avi ends in '.avi'; allowed: .gif, .mp4"),
        ("film", "film ends in 'nothing'"),
        ("nowhere/film.gif", "nowhere/film.gif cannot be written: No such file or directory"),
        ("small.yaml/film.gif", "small.yaml/film.gif cannot be written: Not a directory"),
        ("made.gif", "made.gif is a folder; allowed: a file in it"),
        (f"{'x' * 260}.gif", "cannot be written: File name too long"),
    ],
)
def test_a_movie_that_cannot_be_written_is_refused_before_a_cell_is_made(call, small, monkeypatch, out, said):
    Path("made.gif").mkdir()
    monkeypatch.setattr("abm.view.session.build", lambda *_: pytest.fail("the simulation was built"))
    ended = call("movie", small, "--out", out)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err


def test_a_movie_that_breaks_off_leaves_the_old_file_whole(call, small, monkeypatch):
    def beat(_, index, done, total):
        raise OSError(28, "No space left")

    Path("film.gif").write_bytes(b"old")
    monkeypatch.setattr("abm.study.progress.WatchedRun.beat", beat)
    ended = call("movie", small, "--out", "film.gif")
    assert ended.code == 2
    assert "film.gif cannot be written: No space left" in ended.err
    assert sorted(path.name for path in Path().iterdir()) == ["film.gif", "small.yaml"]
    assert Path("film.gif").read_bytes() == b"old"


@pytest.mark.parametrize(
    "words",
    [
        "run small.yaml --out=~/kept",
        "run ~/small.yaml",
        "check ~/small.yaml",
        "movie small.yaml --frames 2 --out=~/film.gif",
        "study plan ~/pair.yaml --out=~/kept",
        "report ~/nothing",
        "resume ~/nothing --out=~/kept",
        "evidence --parameters=~/nothing.yaml",
        "evidence --claim V5 --posterior=~/nothing --scale 0.02",
        "compare ~/nothing.yaml",
        "fit ~/nothing.yaml",
        "weigh ~/nothing ~/nothing.yaml",
    ],
)
def test_a_tilde_is_the_home_folder_in_every_verb(call, small, write, undrawn, monkeypatch, tmp_path, words):
    write(STUDY, "pair.yaml")
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    small_too = here / "small.yaml"
    small_too.write_text(SMALL)
    ended = call(*words.split())
    assert "~" not in ended.out + ended.err
    assert str(tmp_path) in ended.out + ended.err
    monkeypatch.setenv("HOME", "")
    ended = call(*words.split())
    assert (ended.code, ended.out) == (2, "")
    assert "no home folder is known for '~'" in ended.err
    assert not [path for path in tmp_path.rglob("*") if path.name.startswith("~")]
