"""A whole day of every arm: the engine and the Mesa model of the same rules agree within the error of the Mesa runs."""

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest

from abm.core.jit import set_threads
from abm.core.resources import cores
from abm.verify.wells import finished, patch, sized, survival
from tests.reference.test_mesa import ASSAY, mesa_survival

pytestmark = pytest.mark.verification

N_B_CELLS, N_RUNS, SIGMAS = 500, 8, 4.0


def both(arm, seed):
    """Return survival in the Mesa model and in the engine."""
    set_threads(1)
    assay = patch(*ASSAY, *sized(N_B_CELLS), "duration=24 h")
    return mesa_survival(assay, arm, seed), survival(finished(assay, arm, seed))


def test_a_day_of_every_arm_in_mesa():
    jobs = [(arm, seed) for seed in range(N_RUNS) for arm in ("serum", "effectors", "both")]
    with ProcessPoolExecutor(int(os.environ.get("ABM_WORKERS", cores())), get_context("spawn")) as pool:
        shares = np.array(list(pool.map(both, *zip(*jobs, strict=True)))).reshape(N_RUNS, 3, 2)
    mesa, engine = shares.mean(axis=0).T
    error = np.sqrt((shares.var(axis=0, ddof=1) / N_RUNS).sum(axis=1))
    assert (np.abs(mesa - engine) < SIGMAS * error).all(), (mesa, engine, error)
