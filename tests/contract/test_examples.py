"""The examples of the site are real: written into their folders, they go from YAML to tables, reports and claims."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = (ROOT / "docs" / "modeller" / "add.md").read_text()
FILES = dict(re.findall(r"`(abm/[\w/]+\.py)`(?:(?!```).)*```python\n(.*?\n)```", EXAMPLES, re.DOTALL))
SCENARIO = re.search(r"```yaml\n(extends[^\n]*\nname: example\n.*?)```", EXAMPLES, re.DOTALL)[1]
SMALL = ("populations.b_cells.n=100", "space.side=566 um", "space.volume=2 uL", "dt=5 min", "processes.dheas=null")
WITH_FOLDERS = """
import importlib, json, sys
for package, folder in json.loads(sys.argv.pop(1)):
    importlib.import_module(package).__path__.append(folder)
from abm.cli import main
main()
"""


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    """Return the function that calls ``abm`` where the page's files are in their folders, and where it runs."""
    place = tmp_path_factory.mktemp("examples")
    for name, text in FILES.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(text)
    (place / "scenarios").mkdir()
    (place / "scenarios" / "example.yaml").write_text(SCENARIO)
    (place / "parameters").symlink_to(ROOT / "configs" / "parameters")
    folders = {(str(Path(name).parent).replace("/", "."), str((place / name).parent)) for name in FILES}

    def call(*words):
        boot = [sys.executable, "-P", "-c", WITH_FOLDERS, json.dumps(sorted(folders)), *map(str, words)]
        ended = subprocess.run(boot, cwd=place, capture_output=True, text=True, timeout=600)
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)

    return call, place


@pytest.fixture(scope="module")
def run_folder(example):
    call, place = example
    sets = [word for one in SMALL for word in ("--set", one)]
    found = call("run", place / "scenarios" / "example.yaml", *sets, "--threads", 1, "--out", place / "runs", "--json")
    return Path(found["folder"])


def test_there_is_a_file_of_each_kind():
    places = {str(Path(name).parent) for name in FILES}
    assert {"abm/biology/given", "abm/biology/antibody", "abm/biology/cells", "abm/readouts", "abm/evidence"} < places
    assert "abm/plot/well" in places


def test_the_mechanism_kills_and_has_its_column(run_folder):
    last = pd.read_csv(run_folder / "series.csv").groupby("arm").last()
    assert last.loc["tablet", "deaths_venetoclax"] > 0.5 * last.loc["tablet", "n_b_start"]
    assert last.loc["both~control", "deaths_venetoclax"] > 0  # a control lacks the antibody alone


def test_the_drugs_are_told_in_words_and_bind(run_folder):
    words = pd.read_csv(run_folder / "arms.csv").set_index("arm")["words"]
    assert "venetoclax 1 µM" in words["tablet"]
    assert "veltuzumab like 10 µg/mL; venetoclax 1 µM" in words["both"]
    assert pd.read_csv(run_folder / "series.csv").groupby("arm")["veltuzumab_like_nM"].max()["both"] > 1


def test_the_cells_are_counted_where_they_are(run_folder):
    last = pd.read_csv(run_folder / "series.csv").groupby("arm").last()
    assert last["n_neutrophils"].to_dict() == {"tablet": 0, "both": 200, "both~control": 200}


def test_the_figure_is_in_the_report(run_folder):
    assert "Killed by venetoclax" in (run_folder / "report.html").read_text()
    assert (run_folder / "figures" / "killed_by_venetoclax.png").exists()


def test_the_claim_measures_the_end_point_and_holds(example):
    call, place = example
    found = call("evidence", "--claim", "E1", "--seeds", 2, "--threads", 1, "--out", place / "runs", "--json")
    (claim,) = found["claims"]
    assert claim["holds"]
    assert claim["simulated"] == pytest.approx(1.5, abs=0.2)  # ln 2 over 0.5 /h * 1 / 1.1
