"""Whatever is killed, and whenever: the same call again ends as one that was never disturbed, to the byte."""

import os
import random
import shlex
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from abm.evidence.calibrate import calibrate
from abm.evidence.claim import chosen
from abm.evidence.compare import compare, load_comparison
from abm.evidence.fit import load_calibration
from abm.evidence.report import evaluate
from abm.study import rows
from abm.study.execute import local
from abm.study.jobs import Monitor, Stopped

STUDIES = Path(__file__).parents[2] / "configs" / "studies"
FIT = (
    *("claims=[V5, V8-primary]", "points=16", "live=20", "kept=30", "checked=20", "waves=1", "scale=0.05"),
    *("set={dt: 7.5 min}", "name=small"),
    "free={processes.docking.rho50_per_cell: {lo: 50000, hi: 90000}, processes.docking.steepness: {lo: 2, hi: 5}}",
)
TINY = Path(__file__).parent / "interaction_tiny.yaml"
COMPARISON = ("name=small", "title=With {braces}")
CLAIMS, SCALE, N_SEEDS = ("V5", "V8-primary"), 0.05, 20
PATIENCE_S = 600
N_KILLS = {"fit": 20, "compare": 3, "evidence": 20}  # a comparison of moments is done before there were more
VERBS = {
    "fit": ["fit", STUDIES / "calibration.yaml", *(word for one in FIT for word in ("--set", one))],
    "compare": ["compare", TINY, *(word for one in COMPARISON for word in ("--set", one))],
    "evidence": ["evidence", "--seeds", N_SEEDS, "--scale", SCALE, *(word for c in CLAIMS for word in ("--claim", c))],
}
KEPT = ("fit.json", "parameters.yaml", "posterior.parquet", "comparison.json", "scores.json")


def in_here(verb, root, monitor):
    """Do the work of a verb in this process."""
    if verb == "fit":
        return calibrate(load_calibration(STUDIES / "calibration.yaml", FIT), root, local(1), monitor)
    if verb == "compare":
        return compare(load_comparison(TINY, COMPARISON), root, local(1), monitor)
    return evaluate(chosen(CLAIMS), None, root, local(1), monitor, seeds=range(1, N_SEEDS + 1), scale=SCALE)


def results(root):
    """Return what the only folder below a root holds of results."""
    (folder,) = root.glob("*/*")
    return {name: (folder / name).read_bytes() for name in KEPT if (folder / name).exists()}


@pytest.fixture(scope="module")
def quiet(tmp_path_factory):
    """Return the function that gives the results of a verb that was never disturbed."""
    found = {}

    def of(verb):
        if verb not in found:
            root = tmp_path_factory.mktemp("quiet")
            in_here(verb, root, Monitor())
            found[verb] = results(root)
        return found[verb]

    return of


class StopsAfter(Monitor):
    """Asks to stop when so many experiments have ended."""

    def __init__(self, root, n_rows):
        self.root, self.n_rows = root, n_rows

    @property
    def is_stopped(self):
        return n_rows(self.root) >= self.n_rows


def n_rows(root):
    return sum(path.read_bytes().count(b"\n") for path in root.glob("*/*/rows.jsonl"))


@pytest.mark.parametrize("verb", VERBS)
def test_stopped_again_and_again_it_ends_as_a_quiet_one(verb, quiet, tmp_path, monkeypatch):
    whole, stops = quiet(verb), 0
    monkeypatch.setattr(rows, "part_of_job", lambda row: 1.0)  # each row is a job, so that there is a way
    while True:
        try:
            in_here(verb, tmp_path, StopsAfter(tmp_path, n_rows(tmp_path) + 7))
            break
        except Stopped:
            stops += 1
    assert stops > 2
    assert results(tmp_path) == whole


def words_of(verb, root):
    return ["abm", *map(str, VERBS[verb]), "--threads", "2", "--out", str(root)]


def begin(verb, root):
    """Start a verb in a process group of its own."""
    call = [sys.executable, "-P", "-m", *words_of(verb, root)]
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return subprocess.Popen(call, start_new_session=True, **pipes)


def kill_until_done(verb, root, n_kills):
    """Start a verb again and again and kill it at random moments; return how often it was killed, and its end."""
    killed = 0
    while True:
        before = n_rows(root) if killed % 4 else -1  # every fourth while it is still starting
        process = begin(verb, root)
        end = time.monotonic() + PATIENCE_S
        while killed < n_kills and process.poll() is None and n_rows(root) <= before and time.monotonic() < end:
            time.sleep(0.02)
        if killed == n_kills:
            said = process.communicate(timeout=PATIENCE_S)[0].decode()
            return killed, process.returncode, said
        time.sleep(random.uniform(0.0, 0.2 if before >= 0 else 4.0))
        if process.poll() is None:
            killed += 1
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL) if killed % 2 else process.kill()
        process.communicate()
        if process.returncode == 0:
            return killed, 0, ""


def ends_as_the_quiet_one(verb, quiet, root, n_kills):
    killed, code, said = kill_until_done(verb, root, n_kills)
    assert code == 0, said
    assert killed == n_kills, f"only {killed} kills before it was done"
    assert results(root) == quiet(verb)


def test_a_fit_that_was_interrupted_and_killed_ends_as_a_quiet_one(quiet, tmp_path):
    process = begin("fit", tmp_path)
    while process.poll() is None and not n_rows(tmp_path):
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=PATIENCE_S)[0].decode()
    assert process.returncode == 143, said
    assert said.strip().endswith(f"go on with: {shlex.join(words_of('fit', tmp_path))}")
    ends_as_the_quiet_one("fit", quiet, tmp_path, 1)


@pytest.mark.verification
@pytest.mark.parametrize("verb", VERBS)
def test_killed_again_and_again_it_ends_as_a_quiet_one(verb, quiet, tmp_path):
    ends_as_the_quiet_one(verb, quiet, tmp_path, N_KILLS[verb])
