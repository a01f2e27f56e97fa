"""Kernels are compiled before they are needed, by two processes."""

import json

import pytest

from abm.core.par import plain
from abm.scenario import warm
from abm.scenario.from_file import load_scenario
from abm.scenario.schema import Scenario

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
    monkeypatch.setattr(warm.jit, "warm_mark", lambda kernels: tmp_path / f"{hash(kernels)}")
    well, patient = (load_scenario(file, sets) for file, *sets in (WELL, PATIENT))
    warm.warm_up(well, 1)
    assert warm.is_warm(well, 1)
    assert not warm.is_warm(well, 2)
    assert not warm.is_warm(patient, 1)


HELP = """
import os, sys
os.environ["NUMBA_CACHE_DIR"] = sys.argv[1]
from abm.scenario.warm import help_out

help_out()
"""
LOSS = {
    "space": {"kind": "floor", "side": "200 um", "volume": "1 uL"},
    "populations": {"b_cells": {"n": 20}},
    "processes": {"loss": {"kind": "internalisation"}},
    "arms": {"drug": {"add": [{"rituximab": "1 ug/mL"}]}},
}


def test_a_helper_compiles_what_processes_need(child, tmp_path):
    told = json.dumps([plain(Scenario.model_validate(LOSS)), 1, 1.0])
    helper = child(HELP, tmp_path)
    helper.stdin.write(told + "\n")
    helper.stdin.flush()
    assert helper.wait(120) == 0
    assert (helper.stdout.read(), helper.stderr.read()) == ("", "")
    assert list(tmp_path.rglob("*.internalise-*.nbc"))


def test_a_helper_ends_with_the_process_that_started_it(child, tmp_path):
    told = json.dumps([plain(load_scenario(PATIENT[0])), 1, 1.0])
    helper = child(HELP, tmp_path)
    assert helper.communicate(told + "\n", timeout=20) == ("", "")
    assert helper.returncode == 0
    assert not list(tmp_path.rglob("marrow_killing*.nbc"))


def test_where_much_is_to_be_compiled_a_helper_is_at_work_as_long_as_that(monkeypatch):
    started, real = [], warm._start_helper
    monkeypatch.setattr(warm, "cores", lambda: 2)
    monkeypatch.setattr(warm, "COLD", -1)
    monkeypatch.setattr(warm, "_start_helper", lambda *given: started.append(real(*given)) or started[-1])
    warm.warm_up(Scenario.model_validate(LOSS), 1)
    assert [helper.poll() for helper in started] == [-9]
