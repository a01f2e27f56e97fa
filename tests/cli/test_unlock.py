"""A lock that a job left on another machine is taken over on the user's word."""

import json
from pathlib import Path

import pytest

HERE = Path(__file__).parents[1] / "study"
GONE = json.dumps({"host": "node0123", "pid": 4711, "start": "2026-01-01T00:00:00+00:00"})
SAYS = "process 4711 on host node0123 since 2026-01-01T00:00:00+00:00; that is another machine"


@pytest.mark.parametrize("verb", ["run", "resume", "fit", "compare", "evidence", "study plan", "study run"])
def test_every_verb_that_locks_says_how_to_unlock(call, verb):
    assert "Take over the lock of a process" in call(*verb.split(), "--help").out


def refused(ended):
    assert ended.code == 2
    assert SAYS in ended.err
    assert "--unlock takes the lock over and goes on from what is on the disk" in ended.err


@pytest.mark.parametrize("verb", ["run", "resume"])
def test_a_run_goes_on(call, small, undrawn, verb):
    whole = call("run", small, "--json").json
    folder = Path(whole["folder"])
    (folder / "summary.json").unlink()
    (folder / ".lock").write_text(GONE)
    what = small if verb == "run" else folder
    refused(call(verb, what))
    assert call(verb, what, "--unlock", "--json").json["result_hash"] == whole["result_hash"]
    assert not (folder / ".lock").exists()


def test_a_study_goes_on(call):
    folder = Path(call("study", "plan", HERE / "sweep.yaml", "--json").json["folder"])
    (folder / ".lock").write_text(GONE)
    refused(call("study", "plan", HERE / "sweep.yaml"))
    call("study", "plan", HERE / "sweep.yaml", "--unlock")
    assert not (folder / ".lock").exists()
