"""Whatever can change a number is in the hash under which results are kept; what only shows is not."""

import os
import shutil
from contextlib import contextmanager
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest

import abm
import abm.core.source
from abm.core.source import SHOWING, kernels_hash, model_hash
from abm.study import resume, rows

SHOWN = {"__main__.py", "cli", "dossier", "plot", "references.bib", "verify", "view"}


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """Return a copy of the package."""
    target = tmp_path_factory.mktemp("copy") / "abm"
    return Path(shutil.copytree(Path(abm.__file__).parent, target, ignore=shutil.ignore_patterns("__pycache__")))


def of_runs(package):
    return model_hash.__wrapped__(package=package)  # not what this process asked for first


def of_claims(package):
    return model_hash.__wrapped__(SHOWING, package)


def hashes(package):
    """Return the hash of runs, of claims and of compiled code."""
    return of_runs(package), of_claims(package), kernels_hash(package)


@contextmanager
def edited(*paths):
    """Add an empty line to files."""
    for path in paths:
        with path.open("ab") as file:
            file.write(b"\n")
    yield
    for path in paths:
        os.truncate(path, path.stat().st_size - 1)


ALL = {path.name for path in Path(abm.__file__).parent.iterdir()} - {"__pycache__"}


@pytest.mark.parametrize(
    ("hash_of", "counting"),
    [(of_claims, ALL - SHOWN), (of_runs, ALL - SHOWN - {"evidence", "inference"}), (kernels_hash, {"core", "biology"})],
)
def test_an_edit_of_any_file_that_can_change_a_number_changes_the_hash(copy, hash_of, counting, monkeypatch):
    monkeypatch.setattr(abm.core.source.metadata, "version", cache(metadata.version))
    before = hash_of(copy)
    files = {path: path.relative_to(copy).parts[0] in counting for path in copy.rglob("*") if path.is_file()}
    with edited(*(path for path, counts in files.items() if not counts)):
        assert hash_of(copy) == before
    for path in (path for path, counts in files.items() if counts):
        with edited(path):
            assert hash_of(copy) != before, path
    assert hash_of(copy) == before


def test_a_new_file_a_removed_one_and_a_renamed_one_change_the_hash(copy):
    before = hashes(copy)[0]
    for place in (copy, copy / "study", copy / "a_new_folder"):
        place.mkdir(exist_ok=True)
        (place / "new.json").write_text("{}")
        assert hashes(copy)[0] != before
        (place / "new.json").unlink()
    path = copy / "study" / "conclude.py"
    path.rename(path.with_name("concluded.py"))
    assert hashes(copy)[0] != before
    path.with_name("concluded.py").rename(path)
    assert hashes(copy)[0] == before


def test_another_library_that_computes_is_another_model(copy, monkeypatch):
    before = hashes(copy)
    monkeypatch.setattr(abm.core.source.metadata, "version", lambda name: "0.0")
    assert all(now != was for now, was in zip(hashes(copy), before, strict=True))


def test_what_python_compiles_beside_the_source_does_not_matter(copy):
    before = hashes(copy)
    (copy / "study" / "__pycache__").mkdir()
    (copy / "study" / "__pycache__" / "run.pyc").write_bytes(b"0")
    assert hashes(copy) == before


def test_runs_and_rows_of_another_model_are_others(monkeypatch):
    scenario = abm.load_scenario("configs/scenarios/quick.yaml")
    before = resume.scenario_hash(scenario), rows.base_hash.__wrapped__("{}")
    for module in (resume, rows):
        monkeypatch.setattr(module, "model_hash", lambda: "another")
    assert resume.scenario_hash(scenario) != before[0]
    assert rows.base_hash.__wrapped__("{}") != before[1]
