"""Small wells that run in a moment."""

import gc
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

os.environ.setdefault("NUMBA_NUM_THREADS", "4")  # before Numba is imported: as many threads on any machine

import pytest
from hypothesis import settings

import abm
from abm.biology.populations import EFFECTORS
from abm.cli import SELDOM
from abm.core.jit import set_threads
from abm.core.simulation import Simulation
from abm.scenario.build import Subject, build
from abm.scenario.kinds import PROCESSES
from abm.scenario.schema import Scenario

signal.signal(signal.SIGINT, signal.default_int_handler)  # children can be interrupted though whoever tests cannot
settings.register_profile("same every time", deadline=None, derandomize=True)
settings.load_profile("same every time")


def pytest_addoption(parser):
    parser.addoption("--approve", action="store_true", help="write the approved words of reports anew")


def pytest_collection_modifyitems(items):
    """Begin with the tests that take longest, those of the page, so that no core waits for one of them at the end."""
    items.sort(key=lambda item: "view" not in item.path.parts)


def pytest_collection_finish():
    """Let the collector pass over what stays until the end, all modules and tests, and come as often as in ``abm``."""
    gc.freeze()
    gc.set_threshold(*SELDOM)


SMALL = {
    "name": "small",
    "duration": "1 h",
    "dt": "1 min",
    "space": {"kind": "floor", "side": "400 um", "volume": "1 uL"},
    "populations": {"b_cells": {"n": 200}},
    "probes": {"counts": {}},
}


def merged(base: Mapping, changes: Mapping) -> dict:
    """Return a mapping with changes, as ``extends`` would merge them."""
    data = dict(base)
    for key, value in changes.items():
        is_same = isinstance(value, Mapping) and value.get("kind") in (None, data.get(key, {}).get("kind"))
        data[key] = merged(data.get(key, {}), value) if is_same else value
    return data


def make(processes: Mapping, add: tuple = (), changes: Mapping | None = None) -> Simulation:
    """Make the simulation of a small well with one arm; a process without ``kind`` is of the kind of its name."""
    named = {name: {"kind": name} | dict(values) for name, values in processes.items()}
    data = merged(SMALL, changes or {}) | {"processes": named, "arms": {"arm": {"add": list(add)}}}
    return build(Scenario.model_validate(data), Subject("arm", 0))


def equal_cells(n: int, cd20: float = 152_000.0) -> dict:
    """Return B cells that do not differ."""
    spreads = {"cd20": cd20, "cd55": 1.0, "cd59": 1.0, "hits_needed": 1.0, "igm_per_s": 100.0}
    alike = {name: {"median": median, "sigma": 0.0} for name, median in spreads.items()}
    return alike | {"n": n, "low_fraction": 0.0, "igm_stored_per_cell": {"median": 1e6, "sigma": 0.0}}


BUSY = {
    "duration": "40 min",
    "dt": "1 min",
    "space": {"kind": "floor", "side": "300 um", "volume": "1.1 uL"},
    "populations": {name: {} for name in EFFECTORS}
    | {
        "b_cells": {"n": 80, "hits_needed": {"median": 0.5, "sigma": 1.0}},
        "nk_cells": {"per_b_cell": 3.0, "state": "il2"},
    },
    "probes": {
        "counts": {"every": "10 min"},
        "cells": {"every": "20 min"},
        "fields": {"every": "20 min"},
        "complement_events": {"every": "20 min"},
    },
}
FREQUENT = {
    "division": {"rate_per_h": 0.5},
    "influx": {"rate_per_h": 40.0},
    "death": {"rate_per_h": 0.2},
    "killing": {"rate_per_h": 20.0, "lag": "6 min"},
    "dheas_field": {"voxels_per_side": 5},
    "dheas_source": {"pmol_per_h": 0.01, "x_um": 40.0, "y_um": 200.0},
}
ADDED = (
    {"rituximab": "10 ug/mL"},
    {"obinutuzumab_like": "1 ug/mL"},
    {"serum": "25 %"},
    {"b_cells": 6},
    {"anti_cd59": 1.0, "at": "5 min"},
    {"b_cells": 20, "at": "7.3 min"},
    {"nk_cells": 10, "at": "11 min"},
)


def ordered(kinds: Mapping) -> list[str]:
    """Return all kinds so that what writes a column of the moment comes before what reads it."""
    fleeting = {f"{owner}.{c.name}" for cls in kinds.values() for owner, c in cls.columns if c.resets}
    made = {kind: fleeting & set(cls().writes) for kind, cls in kinds.items()}
    needed = {kind: fleeting & set(cls().reads) - made[kind] for kind, cls in kinds.items()}
    order, left = [], sorted(kinds)
    while left:
        ready = [kind for kind in left if not any(needed[kind] & made[other] for other in left)]
        order += ready
        left = [kind for kind in left if kind not in ready]
        assert ready, f"{left} wait for one another"
    return order


def every_process(without: tuple = (), values: Mapping | None = None) -> dict:
    """Return all processes in an order that a scenario accepts, with their own values where some are given."""
    in_well = {kind: cls for kind, cls in PROCESSES.items() if cls.scale != "body"}
    return {kind: dict(values or {}).get(kind, {}) for kind in ordered(in_well) if kind not in without}


def make_busy(without: tuple = (), changes: Mapping | None = None, values: Mapping | None = None) -> Simulation:
    """Make a small well in which every process there is has something to do."""
    processes = every_process(without, FREQUENT | dict(values or {}))
    return make(processes, ADDED, merged(BUSY, changes or {}))


PATIENT = {
    "name": "patient",
    "duration": "40 d",
    "dt": "4 h",
    "space": {"kind": "body"},
    "populations": {
        "b_cells": {"kind": "clone", "cells_per_agent": 1e10},
        "nk_cells": {"per_b_cell": 0.1, "state": "resting"},
    },
    "probes": {"counts": None, "patient": {"every": "7 d"}},
}
SHARED = {
    "binding": {},
    "internalisation": {"rate_per_h": 0.004},
    "effector_recovery": {"granules_time_constant": "30 d"},
    "dheas_potency": {},
    "bcr_signalling": {},
}
EVENTS = {
    "two_compartment": [{"infusion": "375 mg/m2", "times": 4}, {"infusion": "375 mg/m2", "at": "35 d"}],
    "plasmapheresis": [{"plasmapheresis": 0.6, "at": "36 d"}],
    "ibrutinib": [{"ibrutinib": "420 mg", "at": "36 d"}],
}


SECOND = {"one_compartment", "gompertz_growth"}  # of two variants, the one that is there where it is named


def make_patient(without: tuple = (), values: Mapping | None = None, only: tuple = ()) -> Simulation:
    """Make a patient of few agents with every process of a patient, four infusions and a plasma exchange."""
    in_body = [
        kind for kind, cls in PROCESSES.items() if cls.scale == "body" and kind not in SECOND - {*(values or ())}
    ]
    kinds = [kind for kind in (*SHARED, *in_body) if kind not in without and (not only or kind in only)]
    named = {kind: {"kind": kind} | dict(values or {}).get(kind, SHARED.get(kind, {})) for kind in (*kinds, *only)}
    drug = {"two_compartment", "one_compartment"} & set(named)
    add = [event for kind, found in EVENTS.items() if kind in (drug and "two_compartment", *named) for event in found]
    data = PATIENT | {"processes": named, "arms": {"arm": {"add": add}}}
    return build(Scenario.model_validate(data), Subject("arm", 0))


@pytest.fixture(scope="session")
def patient():
    """Return the function that makes a patient with every process."""
    return make_patient


def make_leukaemia(clone: Mapping) -> Simulation:
    """Make a patient with chronic lymphocytic leukaemia whose cells signal."""
    data = {
        "name": "leukaemia",
        "duration": "1 d",
        "dt": "12 h",
        "space": {"kind": "body"},
        "populations": {"b_cells": {"kind": "cll_clone", **clone}},
        "processes": {"signalling": {"kind": "bcr_signalling"}},
        "end_points": {"kind": "lymphocytes"},
        "probes": {"counts": None, "patient": {"every": "12 h"}},
    }
    return build(Scenario.model_validate(data), Subject("arm", 0))


@pytest.fixture(scope="session")
def leukaemia():
    """Return the function that makes a patient with chronic lymphocytic leukaemia."""
    return make_leukaemia


@pytest.fixture(scope="session")
def all_processes():
    """Return the function that lists all processes for a scenario."""
    return every_process


@pytest.fixture(scope="session")
def busy():
    """Return the function that makes a small well with every process."""
    return make_busy


@pytest.fixture(scope="session")
def culture():
    """Return the function that makes a small well from processes, additions and other changes."""
    return make


@pytest.fixture(scope="session")
def alike():
    """Return the function that describes B cells that do not differ."""
    return equal_cells


@pytest.fixture(autouse=True)
def _one_thread():
    """Run small wells on one thread; the tests of threads choose more."""
    set_threads(1)


@pytest.fixture
def child():
    """Start a Python process that runs `code` with `arguments`; what still runs at the end is killed."""
    started = []

    def start(code, *arguments, before=()):
        command = [*before, sys.executable, "-W", "error", "-c", code, *map(str, arguments)]
        process = subprocess.Popen(
            command,
            cwd=Path(abm.__file__).parents[1],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 64 KiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("SKIPPED OUT LOUD: no right to mount a small tmpfs, so a full disk was not tried")
    yield disk
    subprocess.run(["umount", disk], check=True)
