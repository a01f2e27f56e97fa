"""A compilation cache that is cold, damaged or cannot be written changes no result."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numba
import pytest

from abm.study.run import run_scenario

RUN = """
import sys
from pathlib import Path
from abm.scenario.from_file import load_scenario
from abm.study.run import run_scenario
scenario = load_scenario(sys.argv[1], tuple(sys.argv[3:]))
print(run_scenario(scenario, Path(sys.argv[2]), 1).summary()["result_hash"])
"""
FEW = ("processes={background: {kind: death, rate_per_h: 1}}", "probes={counts: {}}")


@pytest.fixture
def result_hash(tiny_file, tmp_path):
    """Return the function that runs the tiny scenario in a fresh process with another cache."""

    def run(cache, *sets):
        shutil.rmtree(tmp_path / "runs", ignore_errors=True)
        command = [sys.executable, "-W", "error", "-c", RUN, tiny_file, tmp_path / "runs", *sets]
        environment = dict(os.environ, NUMBA_CACHE_DIR="", XDG_CACHE_HOME=str(cache))
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.strip()

    return run


@pytest.fixture
def cache(quiet, tmp_path):
    """Copy the cache that is in use, all kernels of the tiny scenario in it, to another home."""
    own = Path(numba.config.CACHE_DIR)
    shutil.copytree(own, tmp_path / "cache" / "abm" / own.name, ignore=shutil.ignore_patterns("*.tmp.*"))
    return tmp_path / "cache"


def test_damaged_cache_files_are_compiled_again(cache, quiet_hash, result_hash):
    patterns = {"*.close_up-*.nbi": b"", "*.list_targets-*.nbi": b"garbage\n", "*.grant-*.nbc": b"\x80\x04."}
    damaged = {pattern: list(cache.rglob(pattern)) for pattern in patterns}
    for pattern, paths in damaged.items():
        for path in paths:  # other tests left more versions of a kernel there than the scenario needs
            path.write_bytes(patterns[pattern])
    assert result_hash(cache) == quiet_hash
    for paths in damaged.values():
        assert any(path.stat().st_size > 100 for path in paths), "what was damaged has been replaced"


@pytest.mark.verification
def test_a_cache_that_cannot_be_written_changes_nothing(result_hash, tiny, tmp_path):
    run = run_scenario(tiny(*FEW), tmp_path / "own", 1)
    (tmp_path / "file").write_text("")
    assert result_hash(tmp_path / "file", *FEW) == run.summary()["result_hash"]
    assert run.summary()["arms"]["both"]["deaths"]["background"] > 0


@pytest.mark.verification
def test_a_cold_cache_changes_nothing(result_hash, quiet_hash, tmp_path):
    assert result_hash(tmp_path / "cold") == quiet_hash
    assert next((tmp_path / "cold").rglob("*.nbc"))
    assert result_hash(tmp_path / "cold") == quiet_hash
