"""A real file of a flow cytometer from end to end: fetched from the package index, never kept."""

import hashlib
import json
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from abm.core.user_file import UserFile
from abm.cytometry.read import read_events

pytestmark = pytest.mark.verification
PACKAGE = "fcsparser==0.2.8"  # MIT licence, Yurtsev 2018; its tests hold the file
SHA256 = "833b02ceff18f34c9304681f5b6675039f5b39a31dfdd9640881f43223bcc2ab"
FILE = "fcsparser/tests/data/FlowCytometers/FACS_Diva/facs_diva_test.fcs"
WELL = """
name: real
duration: 10 min
dt: 1 min
space: {kind: mixed, volume: 20 uL}
populations:
  b_cells:
    n: 1000
    low_fraction: 0
    cd20: {from: facs_diva_test.fcs, median: 90000, gates: [{channel: CD19, lo: 1000}]}
processes: {binding: {kind: binding}}
arms: {drug: {add: [{rituximab: 10 ug/mL}]}}
"""


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """Return where the file lies."""
    folder = tmp_path_factory.mktemp("real")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "--dest", folder, PACKAGE]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=120)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        pytest.skip("SKIPPED OUT LOUD: no package index serves the real file")
    (wheel,) = folder.glob("*.whl")
    assert hashlib.sha256(wheel.read_bytes()).hexdigest() == SHA256
    path = folder / "facs_diva_test.fcs"
    path.write_bytes(zipfile.ZipFile(wheel).read(FILE))
    return path


def test_events_are_those_that_another_reader_finds(real):
    """FlowIO 1.4.0 gave the seen values, NumPy's solution with the file's matrix the compensated ones."""
    events = read_events(UserFile(file=str(real)).known())
    assert (events.form, events.n, len(events.channels)) == ("FCS3.0", 83_411, 12)
    assert [channel.label for channel in events.channels if channel.kind == "time"] == ["Time"]
    seen, true = events.values("CD20", is_compensated=False), events.values("CD20")
    assert np.median(seen) == pytest.approx(650.1600341796875, rel=1e-12)
    assert seen.sum() == pytest.approx(190712530.7735499, rel=1e-9)
    assert np.median(true) == pytest.approx(412.82575994645134, rel=1e-9)
    assert (true < 0.0).sum() == 989


def test_a_run_has_the_cells_of_the_file_and_the_figure_shows_them(real):
    (real.parent / "real.yaml").write_text(WELL)

    def abm(*words):
        ended = subprocess.run([sys.executable, "-m", "abm", *words, "--json"], cwd=real.parent, capture_output=True)
        assert ended.returncode == 0, ended.stderr.decode()
        return json.loads(ended.stdout)

    looked = abm("cells", "real.yaml")
    assert looked["after_gates"] == [48_384]
    assert looked["median_per_cell"] == pytest.approx(90_000.0)
    assert (real.parent / looked["figure"]).read_bytes().startswith(b"\x89PNG")
    ran = abm("run", "real.yaml", "--no-figures")
    assert ran["files"][0]["name"] == real.name
