"""Slips that would give a wrong number without a word, planted one at a time in a copy: a test must fail for each.

Below ``faults`` lies one list a folder of the package: what slips, the file, the text there, what is written instead
and the test that must fail; ``plain`` runs it without compilation, which saves minutes for kernels.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

PROJECT = Path(__file__).parents[2]
LISTS = sorted((Path(__file__).parent / "faults").glob("*.yaml"))
FAULTS = {
    f"{path.stem}: {slip}": {"plain": False} | fault
    for path in LISTS
    for slip, fault in YAML(typ="safe").load(path).items()
}
CAUGHT = re.compile(r"^FAILED \S.* - (assert|AssertionError|Failed: DID NOT)", re.MULTILINE)

pytestmark = pytest.mark.verification


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """Return a copy of the package, one for all faults: what an edit leaves alone is compiled once."""
    folder = tmp_path_factory.mktemp("copy")
    for name in ("abm", "configs"):
        shutil.copytree(PROJECT / name, folder / name)
    return folder


def tried(copy, tests, plain):
    """Run tests against the copy."""
    environment = os.environ | {"PYTHONPATH": str(copy), "XDG_CACHE_HOME": str(copy / "cache"), "COLUMNS": "400"}
    environment["NUMBA_DISABLE_JIT"] = str(int(plain))
    command = [sys.executable, "-P", "-m", "pytest", "-p", "no:cacheprovider", "-x", "-q", "-rfE", "--tb=short"]
    wraps = ["-W", "ignore:overflow encountered:RuntimeWarning"] if plain else []  # as compiled integers do
    return subprocess.run([*command, *wraps, *tests], cwd=PROJECT, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize("plain", [False, True], ids=["compiled", "plain"])
def test_without_a_fault_the_named_tests_pass(copy, plain):
    tests = sorted({fault["test"] for fault in FAULTS.values() if fault["plain"] == plain})
    result = tried(copy, tests, plain)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr


@pytest.mark.parametrize("slip", FAULTS)
def test_a_planted_fault_is_caught(copy, slip):
    fault = FAULTS[slip]
    source, path = PROJECT / fault["file"], copy / fault["file"]
    text = source.read_text(encoding="utf-8")
    assert text.count(fault["old"]) == 1, f"{fault['file']} holds this {text.count(fault['old'])} times: {fault['old']}"
    path.write_text(text.replace(fault["old"], fault["new"]), encoding="utf-8")
    try:
        result = tried(copy, [fault["test"]], fault["plain"])
    finally:
        shutil.copy2(source, path)
    assert result.returncode == 1, result.stdout[-3000:] + result.stderr
    assert CAUGHT.search(result.stdout), f"failed, but not by what it asserts:\n{result.stdout[-3000:]}"


def test_every_folder_has_ten_faults():
    folders = {path.name for path in (PROJECT / "abm").iterdir() if (path / "__init__.py").exists()}
    assert {path.stem for path in LISTS} == folders
    assert all(sum(name.startswith(f"{path.stem}: ") for name in FAULTS) >= 10 for path in LISTS)
