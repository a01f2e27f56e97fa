"""What a verb plans fits into the job that it runs in."""

from pathlib import Path

import pytest

from abm.core import resources

ROOT = Path(__file__).parents[2]
THREE_ARMS = ROOT / "configs/scenarios/three_arms.yaml"


@pytest.fixture
def one_core(monkeypatch):
    monkeypatch.setattr(resources, "cores", lambda: 1)


def test_a_job_of_one_core_plans_one_worker(call, one_core):
    assert call("run", THREE_ARMS, "--dry-run", "--json").json["workers"] == 1
    assert call("run", THREE_ARMS, "--dry-run", "--json", "--threads", 3).json["workers"] == 3


def test_a_study_in_a_job_of_one_core_is_planned_for_one(call, one_core):
    sweep = ROOT / "tests" / "study" / "sweep.yaml"
    one, two = (call("study", "plan", sweep, "--json", *words).json for words in ([], ["--threads", 2]))
    assert one["hours"] == pytest.approx(2.0 * two["hours"], rel=0.01)


def test_help_says_whose_cores_are_the_default(call):
    words = " ".join(call("run", "--help").out.replace("│", " ").split())
    assert "all of the job (affinity, control group, SLURM_CPUS_PER_TASK)" in words
