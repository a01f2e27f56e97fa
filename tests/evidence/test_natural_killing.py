"""Killing without antibody is counted against targets alone: what a well that is its own control could not show."""

import json
from pathlib import Path

import pytest

from abm.evidence.claim import chosen
from abm.evidence.lab import Lab
from abm.evidence.score import Jobs
from abm.results.study import StudyFolder
from abm.scenario.from_file import load_scenario
from abm.study.execute import local
from abm.study.jobs import Monitor
from abm.study.rows import as_base

PARAMETERS = Path(__file__).parents[2] / "configs" / "parameters" / "wm_bright.yaml"
NATURAL = "processes.engagement.natural_il2_frac"
(CLAIM,) = chosen(["N8-IL2"])


def test_lysis_is_what_effectors_add_of_what_targets_alone_left():
    values = {"effectors.lysed_frac": 0.28, "none.lysed_frac": 0.04}
    assert CLAIM.measure({"line": values}) == pytest.approx(25.0)


def test_lines_are_lysed_without_antibody_where_nk_cells_see_them(tmp_path):
    base, found = as_base(load_scenario(PARAMETERS)), []
    lab = Lab(StudyFolder(tmp_path / "lab"), local(1), Monitor())
    for share in (0.0, 0.3):
        jobs = Jobs(base, {"dt": "5 min", NATURAL: share}, 0.1)
        lab.run(lambda jobs=jobs: jobs.of_all([CLAIM], [1]))
        found.append(jobs.measure(CLAIM, 1, lab))
    assert abs(found[0]) < 8.0, json.dumps(found)
    assert found[1] > 15.0, json.dumps(found)
