"""Kernels are compiled before they are needed."""

import numba
import pytest

from abm.scenario import warm
from abm.scenario.from_file import load_scenario

FIRST_STEP = """
import sys
from numba.core.dispatcher import Dispatcher
from abm.core import jit
from abm.scenario.build import Subject, build
from abm.scenario.from_file import load_scenario
from abm.scenario.warm import warm_up

compiled = []
real = Dispatcher.compile
Dispatcher.compile = lambda self, sig: compiled.append(f"{self.py_func.__name__}{sig}") or real(self, sig)
scenario, n_threads = load_scenario(sys.argv[1], sys.argv[3:]), int(sys.argv[2])
jit.set_threads(n_threads)
warm_up(scenario, n_threads)
print(len(compiled))
compiled.clear()
for name in scenario.arms:
    build(scenario, Subject(name, 0)).step()
print(*compiled, sep="\\n")
"""
WELL = ("configs/scenarios/three_arms.yaml", "populations.b_cells.n=4000", "populations.nk_cells.per_b_cell=5")
PATIENT = ("configs/scenarios/wm_patient.yaml",)


@pytest.mark.parametrize(("file", "n_threads"), [(WELL, 1), (WELL, 2), (PATIENT, 1)])
def test_a_first_step_finds_every_kernel_compiled(child, file, n_threads):
    out, err = child(FIRST_STEP, file[0], n_threads, *file[1:]).communicate(timeout=600)
    assert err == ""
    n_before, *left = out.split("\n")
    assert int(n_before) > 10
    assert [line for line in left if line] == []


def test_what_is_in_the_cache_is_told_apart_by_mechanisms_and_threads(tmp_path, monkeypatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    well, patient = (load_scenario(file, sets) for file, *sets in (WELL, PATIENT))
    warm.warm_up(well, 1)
    assert warm.is_warm(well, 1)
    assert not warm.is_warm(well, 2)
    assert not warm.is_warm(patient, 1)
