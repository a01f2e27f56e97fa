"""Replicates that are done are not run again, and what comes out has the same bytes as if they had been."""

import pytest

from abm.results.run import Run
from abm.scenario.from_file import load_scenario
from abm.study import batches
from abm.study.jobs import Monitor
from abm.study.run import run_scenario

OWN = ("provenance.json", "log.jsonl", "files.json", "summary.json")  # they tell of times
COHORT = ("replicates=3", "duration=40 d", "populations.b_cells.cells_per_agent=1e11", "probes.patient.every=7 d")


class Counts(Monitor):
    """Counts jobs, and keeps what is told."""

    def __init__(self):
        self.n_jobs, self.told = 0, []

    def begin(self, folder, n_jobs):
        self.n_jobs = n_jobs

    def tell(self, text):
        self.told.append(text)


def contents(run):
    """Return the bytes of every file of results."""
    files = [path for path in run.path.rglob("*") if path.is_file() and path.name not in OWN]
    return {path.relative_to(run.path).as_posix(): path.read_bytes() for path in files
            if "checkpoints" not in path.parts}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _each_well_is_a_job():
    """Count wells by jobs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batches, "MOST_SUBJECTS", 1)
        yield


@pytest.fixture(scope="module")
def roots(tiny, tmp_path_factory):
    """Return a root in which three replicates were run at once, and one in which two were done before."""
    whole, grown = (tmp_path_factory.mktemp(name) for name in ("whole", "grown"))
    run_scenario(tiny("replicates=3"), whole, 1)
    run_scenario(tiny("replicates=2"), grown, 1)
    return whole, grown


@pytest.fixture(scope="module")
def grown(tiny, roots):
    """Return the run with three replicates of which two were done, and what its monitor saw."""
    monitor = Counts()
    return run_scenario(tiny("replicates=3"), roots[1], 1, monitor), monitor


def test_more_replicates_have_the_bytes_of_a_run_from_the_start(tiny, roots, grown):
    own = run_scenario(tiny("replicates=3"), roots[0], 1)
    assert contents(grown[0]) == contents(own)
    assert grown[0].summary() == own.summary()


def test_only_those_that_are_missing_are_run(grown, log):
    run, monitor = grown
    assert monitor.n_jobs == 4, "one replicate of two arms and their controls"
    assert "8 of 12 wells are taken from" in monitor.told[0]
    assert log(run.path)["reused"][0]["wells"] == 8


def test_fewer_are_taken_from_more(tiny, roots, grown):
    monitor = Counts()
    run = run_scenario(tiny("replicates=1"), roots[1], 1, monitor)
    assert monitor.n_jobs == 0
    assert contents(run) == contents(run_scenario(tiny("replicates=1"), roots[0], 1))


def test_what_was_taken_can_be_branched(tiny, grown):
    labels = {path.name for path in (grown[0].path / "checkpoints").iterdir()}
    assert len(labels) == 12
    assert all(any((grown[0].path / "checkpoints" / label).glob("step=*.npz")) for label in labels)


@pytest.mark.parametrize("change", ["title=another", "probes.counts.every=20 min", "seed=2"])
def test_what_changes_a_replicate_is_run_and_what_does_not_is_not(tiny, roots, grown, change):
    monitor = Counts()
    run_scenario(tiny("replicates=1", change), roots[1], 1, monitor)
    assert monitor.n_jobs == (0 if change.startswith("title") else 4)


def test_a_damaged_run_gives_nothing(tiny, tmp_path):
    first, monitor = run_scenario(tiny("replicates=1"), tmp_path, 1), Counts()
    with (first.path / "series.csv").open("a") as file:
        file.write("\n")
    run_scenario(tiny("replicates=2"), tmp_path, 1, monitor)
    assert monitor.n_jobs == 8


def test_patients_are_taken_over_too(tmp_path):
    few, many = (load_scenario("gertz2004", (*COHORT, f"replicates={n}")) for n in (3, 5))
    run_scenario(few, tmp_path / "a", 1)
    grown, whole = run_scenario(many, tmp_path / "a", 1), run_scenario(many, tmp_path / "b", 1)
    assert contents(grown) == contents(whole)
    assert Run(grown.path).summary() == whole.summary()
