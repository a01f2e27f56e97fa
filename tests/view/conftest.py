import pytest

from abm.scenario.from_file import load_scenario
from abm.view.session import Session

SMALL = (
    "populations.b_cells.n=60",
    "space.side=440 um",
    "space.volume=1.2 uL",
    "duration=2 h",
    "dt=5 min",
    "probes.cells=null",
    "probes.fields=null",
    "processes.dheas.voxels_per_side=6",
)


@pytest.fixture
def scenario():
    return load_scenario("configs/scenarios/quick.yaml", SMALL)


@pytest.fixture
def patient():
    sets = ("duration=60 d", "populations.b_cells.cells_per_agent=1e10", "cohort=null")
    return load_scenario("configs/scenarios/wm_patient.yaml", sets)


@pytest.fixture
def cll():
    sets = ("duration=60 d", "populations.b_cells.cells_per_agent=1e11", "probes.patient={every: 1 d}")
    return load_scenario("configs/scenarios/cll_patient.yaml", sets)


@pytest.fixture
def session(scenario):
    return Session(scenario)
