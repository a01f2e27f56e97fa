"""The engine and the Mesa model of the same rules let the same share of B cells survive."""

import math

import pytest

from abm.verify.wells import finished, patch, sized, survival
from tests.reference.mesa_model import FloorAssay

SIGMAS = 4.0
ASSAY = ("populations.nk_cells.per_b_cell=5", "processes.dheas.voxels_per_side=8", "duration=5 h")


def mesa_survival(assay, arm, seed):
    """Run the Mesa model to the end."""
    model = FloorAssay(assay, arm, seed)
    for _ in range(round(assay.duration / assay.dt)):
        model.step()
    return model.survival()


@pytest.mark.parametrize("arm", ["serum", "effectors", "both"])
def test_five_hours_of_every_arm(arm):
    n, n_mesa = 3000, 400
    expected = survival(finished(patch(*ASSAY, *sized(n)), arm))
    found = mesa_survival(patch(*ASSAY, *sized(n_mesa)), arm, seed=5)
    assert 0.05 < expected < 0.95
    error = math.sqrt(expected * (1.0 - expected) * (1.0 / n + 1.0 / n_mesa))
    assert found == pytest.approx(expected, abs=SIGMAS * error)


def test_one_seed_gives_one_mesa_run():
    assay = patch(*ASSAY, *sized(50), "duration=1 h")
    assert mesa_survival(assay, "both", seed=1) == mesa_survival(assay, "both", seed=1)
