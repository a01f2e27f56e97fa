"""Compiled kernels against their plain Python, on what they are given in a busy well."""

import copy
import importlib
import inspect
import pkgutil
import sys
import types

import numba
import numpy as np
import pytest
from numba.core.dispatcher import Dispatcher

import abm.biology
import abm.core
import abm.core.space
from abm.biology.populations import CELL_TYPES
from abm.core import jit
from abm.core.jit import Kernel, set_threads
from abm.core.units import names_its_unit
from abm.scenario.kinds import PROCESSES

CALLS_KEPT = 6
MIXED = {"kind": "mixed", "side": "300 um", "volume": "1.1 uL"}


def compiled():
    """Return every compiled function by (module, name), where it was defined."""
    found = {}
    for package in (abm.core, abm.biology):
        for info in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            module = importlib.import_module(info.name)
            for name, value in vars(module).items():
                if isinstance(value, Dispatcher | Kernel) and value.py_func.__module__ == info.name:
                    found[module, name] = value
    return found


def called_by_kernels(functions):
    """Return the names that compiled functions call; those cannot be listened to."""
    return {name for function in functions.values() for name in function.py_func.__code__.co_names}


ALL = compiled()
KERNELS = {key: value for key, value in ALL.items() if key[1] not in called_by_kernels(ALL)}


class Recorder:
    """Stands for a kernel and keeps copies of what some calls were given, returned and left behind."""

    def __init__(self, kernel):
        self.kernel, self.n, self.calls = kernel, 0, []

    def __call__(self, *arguments):
        self.n += 1
        before = copy.deepcopy(arguments) if self.n in (1, 2) or self.n % 13 == 0 else None
        result = self.kernel(*arguments)
        if before is not None and len(self.calls) < CALLS_KEPT:
            self.calls.append((before, copy.deepcopy(result), copy.deepcopy(arguments)))
        return result


def places():
    """Return where each kernel is called from: every module that knows it by name."""
    modules = [module for name, module in sys.modules.items() if name.startswith("abm.")]
    known = {id(kernel): key for key, kernel in KERNELS.items()}
    return [(known[id(v)], name, module) for module in modules for name, v in vars(module).items() if id(v) in known]


@pytest.fixture(scope="module")
def recorded(busy, patient, leukaemia):
    """Run busy wells of every space and two patients, and return the recorder of each kernel."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(abm.core.space, "FEW_CELLS", 1)  # sorts also few
        recorders = {key: Recorder(kernel) for key, kernel in KERNELS.items()}
        for key, name, module in places():
            patch.setattr(module, name, recorders[key])
        for space in ({"kind": "floor"}, {"kind": "floor", "walls": "periodic"}, MIXED):
            busy(changes={"space": space, "duration": "25 min"}).run()
        patient(values={"logistic_growth": {"rate": "0.2 /d", "rel_capacity": 10}}).run()  # subclones that split
        leukaemia({"cells_per_agent": 1e11}).run()
    return recorders


def same(a, b):
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(same, a, b))
    a, b = np.asarray(a), np.asarray(b)
    return a.dtype == b.dtype and a.shape == b.shape and np.allclose(a, b, rtol=1e-12, atol=0.0, equal_nan=True)


each_kernel = pytest.mark.parametrize("key", KERNELS, ids=lambda key: key[1])


@each_kernel
def test_a_compiled_kernel_does_what_its_plain_python_does(key, recorded):
    assert recorded[key].calls, "never called in a busy well"
    has_rows = False
    for before, result, after in recorded[key].calls:
        plain = KERNELS[key].py_func(*before)
        if plain is not None:
            assert same(plain, result)
        assert same(before, after)
        has_rows = has_rows or any(isinstance(a, np.ndarray) and a.size for a in before)
    assert has_rows


@each_kernel
def test_a_kernel_changes_only_the_arrays_it_is_given_first(key, recorded):
    """Arguments stand in fixed order: arrays written, arrays read, scalars, key."""
    for before, _, after in recorded[key].calls:
        is_written = [not same(b, a) for b, a in zip(before, after, strict=True)]
        is_array = [isinstance(a, np.ndarray) for a in before]
        written, arrays = np.flatnonzero(is_written), np.flatnonzero(is_array)
        assert (arrays[: written.max(initial=-1) + 1] == np.arange(written.max(initial=-1) + 1)).all()


@each_kernel
def test_a_kernel_that_draws_takes_its_key_last_and_few_arguments(key):
    names = list(inspect.signature(KERNELS[key].py_func).parameters)
    assert "key" not in names[:-1]
    assert len(names) <= 12
    assert KERNELS[key].py_func.__doc__


@pytest.mark.parametrize("n_threads", [2, 4])
@pytest.mark.parametrize("space", [{"kind": "floor"}, MIXED], ids=["floor", "mixed"])
def test_any_number_of_threads_gives_the_same_bytes(busy, n_threads, space, monkeypatch):
    monkeypatch.setattr(jit, "MANY_ROWS", 1)
    states = []
    for threads in (1, n_threads):
        set_threads(threads)
        assert numba.get_num_threads() == threads
        sim = busy(changes={"space": space})
        sim.run()
        header, arrays = sim.state()
        states.append((header, {name: values.tobytes() for name, values in arrays.items()}))
    assert states[0] == states[1]
    assert states[0][0]["tallies"]["b_cells.lysed"] > 30


def test_rows_of_a_kernel_do_not_depend_on_one_another(recorded):
    """The plain loop run backwards leaves the same arrays: iteration i writes only row i."""
    for key, recorder in recorded.items():
        kernel = KERNELS[key]
        if not isinstance(kernel, Kernel):
            continue
        backwards = types.FunctionType(
            kernel.py_func.__code__, kernel.py_func.__globals__ | {"prange": lambda *span: reversed(range(*span))}
        )
        for _, _, after in recorder.calls[:2]:
            forwards, again = copy.deepcopy(after), copy.deepcopy(after)
            kernel.py_func(*forwards)
            backwards(*again)
            assert same(forwards, again), key[1]


def side_by_side(name, values, sizes):
    """Return one argument of several calls as a stack of their subjects, of these many rows, has it."""
    if name == "first":
        return np.concatenate([[0], np.cumsum([value[1] for value in values])])
    if name == "blocks":
        starts = np.concatenate([[0], np.cumsum(sizes)])
        return np.concatenate([own + np.array([s, starts[s], starts[s]]) for s, own in enumerate(values)])
    if name == "key":
        return np.concatenate([streams for streams, _ in values]), values[0][1]
    if not isinstance(values[0], np.ndarray):
        return values[0]
    is_of_subjects = name in ("laws", "lost_frac", "sites_per_cd20")
    has_subjects_last = values[0].ndim == 2 and values[0].shape[1] in (1, sizes[0]) and not is_of_subjects
    return np.concatenate(values, axis=1 if has_subjects_last else 0)


def n_rows(names, call):
    """Return of how many rows of cells a kernel is called, and whether it says whose they are."""
    first, blocks = (call[names.index(name)] if name in names else None for name in ("first", "blocks"))
    if isinstance(first, np.ndarray):
        return first[1]
    return blocks[-1, 2] if blocks is not None and len(blocks) else 0


def n_antibodies(names, call):
    """Return how many antibodies a kernel of bound antibody is called with."""
    return call[names.index("bound")].shape[0] if "bound" in names else 1


def test_a_kernel_does_to_each_subject_of_a_stack_what_it_does_to_it_alone(recorded):
    tried = set()
    for key, recorder in recorded.items():
        names = list(inspect.signature(KERNELS[key].py_func).parameters)
        calls = [before for before, _, _ in recorder.calls]
        if {"rows", "engaged", "heads", "t_start_h", "chosen"} & set(names):
            continue  # lists of rows and bins: whole wells side by side are compared elsewhere
        calls = [call for call in calls if n_rows(names, call)]
        if not calls:
            continue
        tried.add(key[1])
        calls = [call for call in calls if n_antibodies(names, call) == n_antibodies(names, calls[0])]
        sizes = [n_rows(names, call) for call in calls]
        columns = list(zip(names, zip(*calls, strict=True), strict=True))
        stacked = [side_by_side(name, values, sizes) for name, values in columns]
        KERNELS[key](*stacked)
        shared = {name: now for name, now in zip(names, stacked, strict=True) if np.isscalar(now)}
        for call in calls:
            own = dict(zip(names, call, strict=True)) | shared
            own |= {"key": (own["key"][0], stacked[-1][1])} if "key" in names else {}
            KERNELS[key](*own.values())
        for (name, values), found in zip(columns, stacked, strict=True):
            alone = side_by_side(name, values, sizes)
            assert name == "key" or np.array_equal(alone, found, equal_nan=True), (key[1], name)
    assert {"sum_each", "grow", "kill_cells", "exchange", "turn_over", "set_points", "signal_on", "find_large"} <= tried
    assert {"dock", "lay", "insert", "set_hazard", "shield", "see", "mark", "crawl", "bind", "strip"} <= tried


def columns():
    kinds = [(name, cls) for name, found in CELL_TYPES.items() for cls in found.values()]
    cells = [(name, column) for name, cls in kinds for column in cls.columns]
    shared = [entry for cls in PROCESSES.values() for entry in cls.columns]
    return sorted({(owner, column.name): column for owner, column in [*cells, *shared]}.items())


@pytest.mark.parametrize(("name", "column"), columns(), ids=lambda x: ".".join(x) if isinstance(x, tuple) else "")
def test_a_column_says_its_unit_in_its_name_and_what_it_is(name, column):
    assert column.doc
    assert column.unit == "1" or names_its_unit(column.name, column.unit)
    if column.name.startswith(("rel_", "mark_", "hazard_")):
        assert column.resets or column.name in ("rel_hit", "rel_engagement")
    if column.name.startswith("rel_"):
        assert column.default == 1.0
    if column.name.startswith("is_"):
        assert column.dtype == "b1"
    if column.name.startswith("n_"):
        assert column.dtype == "i8"
