"""Who may import whom, and how large things may be, read from the source text."""

import ast
import math
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from abm.scenario.kinds import PROCESSES

ROOT = Path(__file__).parents[2]
FILES = {".".join(p.relative_to(ROOT).with_suffix("").parts): p for p in sorted((ROOT / "abm").rglob("*.py"))}
MODULES = {name.removesuffix(".__init__"): path for name, path in FILES.items()}
SHARED = {"abm", "results", "statistics"}  # the version, and the leaves
OF_THE_MODEL = {"biology", "probes", "readouts", "scenario", "study", "evidence"}
LAYERS = {
    "core": {"core"},
    "results": {"core"},
    "statistics": set(),
    "inference": {"core", "inference"},
    "document": {"core"},
    "cytometry": {"core"},
    "biology": {"core", "biology", "cytometry"},
    "probes": {"core", "probes"},
    "readouts": {"core", "biology", "probes", "readouts"},
    "scenario": {"core", "document", "biology", "cytometry", "probes", "readouts", "scenario"},
    "study": {"core", "document", "biology", "probes", "readouts", "scenario", "study"},
    "evidence": {"core", "document", "biology", "probes", "readouts", "scenario", "study", "inference", "evidence"},
    "plot": {"plot"},
    "export": {"core", "document", "plot", "export"},
    "plate": {"core", "document", "plate"},
    "dossier": OF_THE_MODEL | {"core", "document", "plot", "dossier"},
    "view": {"core", "document", "biology", "probes", "readouts", "scenario", "plot", "view"},
    "verify": {"core", "document", "scenario", "study", "plot", "verify"},
    "cli": {
        "core",
        "document",
        "biology",
        "cytometry",
        "probes",
        "readouts",
        "scenario",
        "study",
        "inference",
        "evidence",
        "plot",
        "export",
        "dossier",
        "view",
        "verify",
        "plate",
    },
    "__main__": {"cli"},
    "abm": {"core", "study"},  # the version; the Python interface, imported when it is used
}
ONLY_IN = {
    "numba": {"core", "biology"},
    "matplotlib": {"plot", "view"},
    "mesa": {"view"},
    "solara": {"view"},
    "dask": {"study"},
    "distributed": {"study"},
    "SALib": {"study"},
    "sklearn": {"inference"},
    "dynesty": {"inference"},
    "anndata": {"export"},
    "h5py": {"export"},
    "simulariumio": {"export"},
    "xarray": {"export"},
}
# A folder is written and read without the engine.
OF_CORE = {"results": {"abm.core.files", "abm.core.measure", "abm.core.version"}}
OF_INFERENCE = {"abm.core.errors"}  # it knows nothing of the simulator
KERNELS = {"kernel", "serial", "device"}
PROCESS_MODULES = {cls.__module__ for cls in PROCESSES.values()}


def layer(module):
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else parts[0]


@cache
def tree_of(module):
    return ast.parse(MODULES[module].read_text())


@cache
def imported(module):
    """Return every module that a module imports, wherever that stands."""
    found = set()
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            named = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in MODULES else node.module for name in named}
    return found


def functions(tree):
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def body_lines(node):
    """Return the lines of a function or class without signature and docstring."""
    has_text = ast.get_docstring(node) is not None and len(node.body) > 1
    return node.end_lineno - node.body[has_text].lineno + 1


def most_parameters(function):
    """Return how many parameters a function may have; a verb of the command line has one for each option."""
    names = {ast.unparse(decorator).split("(")[0].split(".")[-1] for decorator in function.decorator_list}
    return 99 if "command" in names else 12 if names & KERNELS else 6


@pytest.mark.parametrize("module", MODULES)
def test_a_layer_imports_only_what_lies_below(module):
    own = {layer(name) for name in imported(module) if name.split(".")[0] == "abm"}
    assert own - {layer(module)} <= LAYERS[layer(module)] | SHARED
    for name in imported(module):
        allowed = ONLY_IN.get(name.split(".")[0], {layer(module)})
        assert layer(module) in allowed, f"{module} imports {name}"


@pytest.mark.parametrize("module", [name for name in MODULES if layer(name) in OF_CORE])
def test_of_the_core_the_leaves_import_files_and_measures_alone(module):
    own = {name for name in imported(module) if layer(name) == "core"}
    assert own <= OF_CORE[layer(module)]


@pytest.mark.parametrize("module", [name for name in MODULES if layer(name) == "inference"])
def test_inference_knows_nothing_of_the_simulator(module):
    assert {name for name in imported(module) if layer(name) == "core"} <= OF_INFERENCE


@pytest.mark.parametrize("module", [name for name in MODULES if layer(name) in ("results", "statistics", "plot")])
def test_an_old_run_is_read_and_drawn_without_the_engine(module):
    reached, left = set(), {module}
    while left:
        reached |= left
        left = {name for one in left for name in imported(one) if name in MODULES} - reached
    assert not any("numba" in imported(name) for name in reached)
    assert {layer(name) for name in reached} <= {"abm", "core", "results", "statistics", "plot"}


@pytest.mark.parametrize(
    "module", [name for name in MODULES if f"{name}.".startswith(("abm.verify.twin.", "abm.verify.ssa."))]
)
def test_what_the_engine_is_held_against_imports_nothing_of_it(module):
    own = {name for name in imported(module) if name.split(".")[0] == "abm"}
    assert all(f"{name}.".startswith("abm.verify.twin.") for name in own)


@pytest.mark.parametrize("module", sorted(PROCESS_MODULES))
def test_processes_never_import_one_another(module):
    assert not imported(module) & (PROCESS_MODULES - {module})


def test_no_module_needs_itself_wherever_an_import_stands():
    """Those inside functions and for type checkers alone count too."""
    TopologicalSorter({name: imported(name) & set(MODULES) - {name} for name in MODULES}).prepare()


def test_no_layer_needs_itself():
    TopologicalSorter({name: below - {name} for name, below in LAYERS.items()}).prepare()


def feelers(tree):
    """Return where attributes are felt for: ``hasattr``, and ``getattr`` of a name that is written out."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    written_out = [c for c in calls if c.func.id == "getattr" and isinstance(c.args[1], ast.Constant)]
    return [ast.unparse(c) for c in (*(c for c in calls if c.func.id == "hasattr"), *written_out)]


@pytest.mark.parametrize("module", [name for name in MODULES if layer(name) in OF_THE_MODEL])
def test_what_a_mechanism_needs_is_declared_and_nobody_feels_for_it(module):
    assert not feelers(tree_of(module))


@pytest.mark.parametrize("module", MODULES)
def test_modules_classes_and_functions_are_short(module):
    tree = tree_of(module)
    assert max((node.end_lineno for node in tree.body), default=0) <= 400
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            assert body_lines(node) <= 150, node.name
    for function in functions(tree):
        given = [a.arg for a in [*function.args.posonlyargs, *function.args.args] if a.arg not in ("self", "cls")]
        assert body_lines(function) <= 80, function.name
        assert len(given) <= most_parameters(function), function.name
        assert function.args.kwarg is None, function.name


def test_most_functions_are_very_short():
    lengths = sorted(body_lines(function) for module in MODULES for function in functions(tree_of(module)))
    assert lengths[len(lengths) // 2] <= 8
    assert lengths[math.ceil(0.9 * len(lengths)) - 1] <= 35


@pytest.mark.parametrize("module", MODULES)
def test_every_module_says_what_it_is_for(module):
    assert len(ast.get_docstring(tree_of(module)) or "") > 10
