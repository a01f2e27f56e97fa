"""Every paper of a group predicted by a fit on all others stands beside what holds in the sample."""

import json
import math
import os
import re
import sys
from pathlib import Path

import pytest

from abm import cli
from abm.core.errors import InputError
from abm.evidence.claim import chosen
from abm.evidence.fit import load_calibration
from abm.evidence.left_out import by_group, told
from abm.evidence.report import evaluate
from abm.plot.evidence.groups import markdown
from abm.plot.page.report import write_report
from abm.study.execute import local
from abm.study.jobs import Monitor

ROOT = Path(__file__).parents[2]
ALONE = Path(__file__).parent / "calibration_tiny.yaml"  # what the model was built for, and no paper
CLAIMS = ("N4-no-C5", "V8-primary")
FILE = """\
name: pair
parameters: SET
set: {dt: 15 min}
claims: [N4-no-C5, V8-primary]
free: {processes.docking.rho50_per_cell: {lo: 50000, hi: 90000}}
points: 8
live: 20
kept: 40
checked: 20
waves: 0
scale: 0.02
"""


def write(path, old="", new=""):
    parameters = os.path.relpath(ROOT / "configs/parameters/wm_bright.yaml", path.parent)
    path.write_text((FILE.replace(old, new) if old else FILE).replace("SET", parameters))
    return path


def evidence(root, files, ids=CLAIMS):
    problems = [load_calibration(file) for file in files]
    return evaluate(chosen(ids), None, root, local(1), Monitor(), seeds=(1, 2), scale=0.02, left_out=problems)


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """Return a calibration of two papers, the root of its runs, and folder and result of the evidence."""
    root = tmp_path_factory.mktemp("left_out")
    file = write(root / "pair.yaml")
    return file, root, *evidence(root, [file])


def test_what_is_told_of_a_group_is_counted_in_its_fit(pair):
    _, root, _, found = pair
    (own,) = found["left_out"]
    papers = json.loads((root / "fit" / "pair" / "fit.json").read_text())["papers"]
    assert own["papers"] == papers
    assert {one["paper"] for one in papers} == {"Kennedy2003", "Golay2003"}
    numbers = [claim for one in papers for claim in one["claims"]]
    assert own["n_numbers"] == own["n_papers"] == 2
    assert own["n_inside"] == sum(claim["lo"] <= claim["seen"] <= claim["hi"] for claim in numbers)
    assert own["log_score"] == pytest.approx(sum(one["log_score"] for one in papers) / 2)
    ranges = {"N4-no-C5": 300_000.0, "V8-primary": 16.0}
    widths = [(claim["hi"] - claim["lo"]) / ranges[claim["id"]] for claim in numbers]
    assert own["rel_width"] == pytest.approx(sum(widths) / 2)
    assert (own["n_hold"], own["n_scored"]) == (sum(one["holds"] for one in found["claims"]), 2)
    assert own["n_refitted"] == sum(one["is_refitted"] for one in papers)


def test_the_page_has_the_groups_the_papers_and_both_figures(pair):
    _, _, folder, found = pair
    page = write_report(folder.path).read_text()
    (own,) = found["left_out"]
    assert page.count("<img ") == 3
    text = re.sub(r"<[^>]+>|\s+", " ", page)
    for words in ("Every paper without itself", "Every paper predicted without itself", "Kennedy2003", "Golay2003",
                  f"{own['n_inside']} of 2 inside", f"{own['n_hold']} of 2 hold", "1 are expected",
                  "1: as sharp as what was published",
                  f"{own['n_refitted']} of 2 papers", "numbers lie inside what all other papers predict"):  # fmt: skip
        assert words in text


def test_a_fit_that_has_ended_is_taken_from_its_folder(pair, monkeypatch):
    file, root, folder, found = pair
    monkeypatch.setattr("abm.evidence.calibrate.sample", None)
    again = evidence(root, [file])
    assert (again[0].path, again[1]) == (folder.path, found)


def test_without_a_calibration_nothing_is_told_of_papers_left_out(pair):
    _, root, folder, found = pair
    plain = evidence(root, [])
    assert plain[0].path != folder.path
    assert plain[1] == {name: value for name, value in found.items() if name not in ("left_out", "warnings")}


def test_a_group_with_one_paper_cannot_be_left_out_and_is_not_fitted(tmp_path):
    for number, (file, words) in enumerate(
        [
            (ALONE, "no paper"),
            (write(tmp_path / "one.yaml", "N4-no-C5, V8-primary", "V5, A1"), "one paper only: it cannot be left out"),
        ]
    ):
        folder, found = evidence(tmp_path / str(number), [file], ids=("V5",))
        (own,) = found["left_out"]
        assert (own["papers"], own["log_score"], own["rel_width"]) == ([], None, None)
        assert not (tmp_path / str(number) / "fit").exists()
        page = write_report(folder.path).read_text()
        assert words in page
        assert page.count("<img ") == 1


def test_all_faults_of_the_calibrations_are_told_before_anything_runs(tmp_path):
    files = [write(tmp_path / f"{name}.yaml") for name in ("first", "second")]
    with pytest.raises(InputError, match=r"--leave-one-out .*second\.yaml  a second calibration of the group assay"):
        evidence(tmp_path, files)
    with pytest.raises(InputError, match=r"first\.yaml  the calibration is for .* the group assay: none was asked for; "
                       r"allowed: a calibration of the group patient[\s\S]*second\.yaml"):  # fmt: skip
        evidence(tmp_path, files, ids=("P8",))
    assert not (tmp_path / "fit").exists()
    assert not (tmp_path / "evidence").exists()
    assert by_group([load_calibration(files[0])], ["assay"])["assay"].calibration.name == "pair"


PAPERS = [
    {"paper": "DallOzzo2004", "is_paper": True, "log_score": -1.5, "is_refitted": True,
     "claims": [{"id": "V7-VV", "lo": 0.5, "hi": 2.42, "is_inside": True},
                {"id": "V7-FF", "lo": 4.5, "hi": 5.0, "is_inside": False}]},
    {"paper": "Solerte1999", "is_paper": True, "log_score": -0.5, "is_refitted": False,
     "claims": [{"id": "V15", "lo": 0.0, "hi": 1.0, "is_inside": True}]},
    {"paper": "A1", "is_paper": False, "log_score": -99.0, "is_refitted": True,
     "claims": [{"id": "A1", "lo": 0.0, "hi": 1.0, "is_inside": False}]},
]  # fmt: skip


def test_only_papers_count_and_widths_only_of_what_was_published_itself(tmp_path):
    problem = load_calibration(write(tmp_path / "f.yaml", "N4-no-C5, V8-primary", "A1, V7-VV, V7-FF, V15"))
    own = told(problem, {"papers": PAPERS, "k_hat": 0.9, "is_good": False}, [])
    assert (own["n_inside"], own["n_numbers"], own["n_papers"], own["n_refitted"]) == (2, 3, 2, 1)
    assert own["log_score"] == -1.0
    assert own["rel_width"] == pytest.approx((1.92 / 0.48 + 0.5 / 2.01) / 2), "the order of V15 has no published width"
    assert (own["n_hold"], own["n_scored"]) == (0, 0)


def test_the_table_of_the_readme_has_a_row_for_each_paper_under_its_group():
    group = {"group": "assay", "n_inside": 2, "n_numbers": 3, "log_score": -1.0, "papers": PAPERS[:2]}
    assert markdown({"left_out": [group, {"group": "cll", "papers": []}]}).splitlines() == [
        "| paper | published numbers inside | log score | misses |",
        "| --- | --- | --- | --- |",
        "| **assay** | **2 of 3** | -1.00 per paper |  |",
        "| DallOzzo2004 | 1 of 2 | -1.50 | V7-FF |",
        "| Solerte1999 | 1 of 1 | -0.50 |  |",
        "| **cll** | cannot be left out |  |  |",
    ]


def test_the_command_prints_a_row_for_each_paper_and_json_holds_all(pair, monkeypatch, capsys):
    file, root, folder, found = pair
    words = ["evidence", *(word for one in CLAIMS for word in ("--claim", one)), "--seeds", "2", "--scale", "0.02",
             "--leave-one-out", str(file), "--threads", "1", "--out", str(root)]  # fmt: skip
    printed = called(words, monkeypatch, capsys)
    for one in found["left_out"][0]["papers"]:
        inside = sum(claim["is_inside"] for claim in one["claims"])
        assert re.search(rf"{one['paper']} +{inside} of 1 +-?[\d.]+ ", printed)
    said = json.loads(called([*words, "--json"], monkeypatch, capsys))
    assert said["left_out"] == found["left_out"]
    assert Path(said["report"]).parent == folder.path
    assert all(math.isfinite(own["log_score"]) for own in said["left_out"])


def called(words, monkeypatch, capsys):
    """Return what the program prints in this process."""
    monkeypatch.setattr(sys, "argv", ["abm", *words])
    capsys.readouterr()
    cli.main()
    return capsys.readouterr().out
