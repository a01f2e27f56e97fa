import json
import platform
import shutil
import socket
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from abm.results import provenance


def test_provenance_names_software_and_times_but_no_machine_and_no_place():
    found = provenance.collect(datetime.now(UTC) - timedelta(seconds=5), n_threads=2)
    text = json.dumps(found)
    assert found["packages"]["numpy"] == np.__version__
    assert found["python"] == platform.python_version()
    assert found["n_threads"] == 2
    assert 5 <= found["elapsed_s"] < 60
    for secret in (socket.gethostname(), str(Path.home()), str(Path(provenance.__file__).parent)):
        assert secret not in text


@pytest.mark.skipif(shutil.which("git") is None, reason="SKIPPED OUT LOUD: there is no git")
def test_the_commit_is_that_of_this_code_and_marked_when_files_differ(tmp_path, monkeypatch):
    def git(*words):
        who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        return subprocess.run(["git", "-C", tmp_path, *who, *words], check=True, capture_output=True, text=True).stdout

    here = tmp_path / "abm" / "results"
    here.mkdir(parents=True)
    shutil.copy(provenance.__file__, here)
    monkeypatch.setattr(provenance, "HERE", here)
    git("init")
    assert provenance.commit() is None
    git("add", ".")
    git("commit", "-m", "first")
    head = git("rev-parse", "HEAD").strip()
    assert provenance.commit() == head
    (here.parent / "new_process.py").touch()
    assert provenance.commit() == head + "+dirty"


def test_without_git_there_is_no_commit(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert provenance.commit() is None
