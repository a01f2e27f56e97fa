import numpy as np
import pytest

from abm.results.folder import RunFolder
from abm.results.tables import stack

HASH = "0123456789abcdef" * 4
WELLS = [("serum", 0), ("serum~control", 0), ("serum", 1)]


@pytest.fixture
def create(tmp_path):
    """Make the run folder of a small scenario; locks are released at the end."""
    made = []

    def make(root=tmp_path / "runs", scenario="three_arms", scenario_hash=HASH, seed=7):
        folder = RunFolder.create(root, scenario, scenario_hash, seed)
        made.append(folder)
        return folder

    yield make
    for folder in made:
        folder.close()


def write_rows(well, step):
    """Write what a well of ten cells has to say at one step."""
    n = step // 60
    shift = well.replicate + 0.1 * len(well.arm)
    well.append("series", step, {"time_h": [step / 60], "n_b_alive": [10 - n], "rituximab_nM": [shift / (1 + n)]})
    deaths = {"time_h": [0.25], "uid": np.array([2**63 + n], "u8"), "cause": ["cdc"]}
    well.append("deaths", step, deaths if n else {"time_h": [], "uid": [], "cause": []})
    cells = {
        "b_cells": {"time_h": [step / 60] * 2, "uid": [1, 2], "is_dying": [True, False], "cohort": [0, 1]},
        "nk_cells": {"time_h": [step / 60], "uid": [3], "potency": [0.1]},
    }
    well.append("cells", step, stack(cells, "population"))
    well.append_fields(step, {"dheas_uM": [[shift, n], [0.0, 1.0]], "voxel_um": 5.0})


def fill(folder, steps=(0, 60, 120)):
    """Run all wells."""
    folder.write_table(
        "arms.csv",
        {"arm": ["serum", "serum~control"], "control_arm": ["serum~control", ""], "is_control": [False, True]},
    )
    for arm, replicate in WELLS:
        well = folder.subject(arm, replicate)
        well.append("start", 0, {"uid": [1, 2, 3], "population": ["b_cells", "b_cells", "nk_cells"]})
        for step in steps:
            write_rows(well, step)
        well.finish({"n_steps": steps[-1]})


@pytest.fixture
def wells():
    """All wells of the small scenario, in order."""
    return WELLS


@pytest.fixture
def rows():
    """The function that writes one step of a well."""
    return write_rows


@pytest.fixture
def filled(create):
    """A locked run folder whose wells are finished and not merged."""
    folder = create()
    fill(folder)
    return folder


@pytest.fixture
def finished(filled):
    """A finished run folder."""
    filled.merge_parts(WELLS)
    filled.finish({"arms": {}, "replicates": 2})
    return filled


@pytest.fixture(scope="session")
def finished_hash(tmp_path_factory):
    """The result hash of the same run, never interrupted."""
    with RunFolder.create(tmp_path_factory.mktemp("whole"), "three_arms", HASH, 7) as folder:
        fill(folder)
        folder.merge_parts(WELLS)
        return folder.finish({})
