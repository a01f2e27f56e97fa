"""Fits on data of one's own find again what made the data up."""

import shutil

import numpy as np
import pytest

from abm.evidence.calibrate import calibrate
from abm.evidence.fit import load_calibration
from abm.study.execute import local
from abm.study.jobs import Monitor
from tests.evidence.test_own_data import CD20, FIT, KD, TINY, table_of

pytestmark = pytest.mark.verification
N_SETS, FEWEST_INSIDE = 10, 8
TRUE = {KD: 1.0, CD20: 1e5}


def test_each_parameter_lies_in_its_interval_in_eight_of_ten_data_sets(tmp_path):
    """One design serves all ten: a fit takes over what others of its name have simulated."""
    inside = dict.fromkeys(TRUE, 0)
    shutil.copy(TINY, tmp_path)
    (tmp_path / "fit.yaml").write_text(FIT)
    for k in range(N_SETS):
        (tmp_path / "own.csv").write_text(table_of(np.random.default_rng([k, 2026]), *TRUE.values(), n=1))
        problem = load_calibration(tmp_path / "fit.yaml")
        _, found = calibrate(problem, tmp_path / "runs", local(1), Monitor())
        for row in found["estimates"]:
            inside[row["path"]] += row["lo"] <= TRUE[row["path"]] <= row["hi"]
    assert min(inside.values()) >= FEWEST_INSIDE, inside
