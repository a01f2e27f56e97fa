"""``abm`` called in this process, and one finished run to look at."""

import json
import sys
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import pytest

from abm import cli

TINY = Path(__file__).parents[1] / "study" / "tiny.yaml"
SMALL = """
name: small
duration: 30 min
dt: 1 min
space: {kind: floor, side: 400 um, volume: 1 uL}
populations:
  b_cells: {n: 40}
processes:
  binding: {kind: binding}
arms:
  drug: {add: [{rituximab: 10 ug/mL}]}
probes:
  counts: {every: 10 min}
"""


@dataclass
class Ended:
    """How a call ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        """Return the one object on stdout."""
        found = json.loads(self.out)
        assert self.out.count("\n") == 1
        assert isinstance(found, dict)
        return found


@pytest.fixture
def call(monkeypatch, capsys, tmp_path):
    """Return the function that calls ``abm`` with words, standing in the test's own folder."""
    monkeypatch.chdir(tmp_path)

    def run(*words):
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["abm", *map(str, words)])
        code = 0
        try:
            cli.main()
        except SystemExit as end:
            code = end.code or 0
        ended = Ended(code, *capsys.readouterr())
        assert "Traceback" not in ended.out + ended.err
        return ended

    return run


@pytest.fixture
def undrawn(monkeypatch):
    """Leave out the figures, which take longer than the runs."""
    monkeypatch.setattr(cli.shared, "drawing", lambda n: nullcontext(lambda folder: folder / "report.html"))


@pytest.fixture
def write(tmp_path):
    """Return the function that writes a scenario file."""

    def write(text, name="small.yaml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def small(write):
    """Return the file of a scenario with a single process."""
    return write(SMALL)


@pytest.fixture
def tiny():
    """Return the file of the tiny scenario with every mechanism."""
    return TINY


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """Return the folder of a finished run of the tiny scenario, with two replicates."""
    from abm.scenario.from_file import load_scenario
    from abm.study.run import run_scenario

    return run_scenario(load_scenario(TINY, ("replicates=2",)), tmp_path_factory.mktemp("runs"), 1).path
