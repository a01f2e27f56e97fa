"""Whoever alters results raises the second number of the version, so that a citation of a version names its numbers.

``pytest tests/contract/test_version.py --approve`` keeps the results of a version whose number was raised.
"""

import json
import platform
from pathlib import Path

import llvmlite.binding
import numba
import numpy as np
import pytest

import abm
from abm.core.version import __version__

KEPT = Path(__file__).parent / "version.json"
ROOT = Path(__file__).parents[2]
TINY = {
    "well": ("quick", ("populations.b_cells.n=40", "duration=2 h", "probes.cells.at=[2 h]", "probes.fields.at=[2 h]")),
    "patient": ("wm_patient", ("populations.b_cells.cells_per_agent=1e10", "duration=60 d")),
}


def here() -> list[str]:
    """Return what other bytes may come from: processor and the libraries that compute."""
    return [platform.machine(), llvmlite.binding.get_host_cpu_name(), np.__version__, numba.__version__]


def minor(version: str) -> str:
    """Return the first two numbers of a version."""
    return ".".join(version.split(".")[:2])


def test_results_are_those_of_the_version(request):
    kept = json.loads(KEPT.read_text())
    found = {
        name: abm.simulate(abm.load_scenario(file, sets)).summary["result_hash"] for name, (file, sets) in TINY.items()
    }
    is_raised = minor(kept["version"]) != minor(__version__)
    if request.config.getoption("--approve") and (is_raised or kept["here"] != here()):
        kept = {"version": __version__, "here": here(), "result_hash": found}
        KEPT.write_text(json.dumps(kept, indent=1) + "\n")
    if kept["here"] != here():
        pytest.skip(f"SKIPPED OUT LOUD: results are kept for {kept['here']}, this is {here()}")
    assert kept["result_hash"] == found, "results changed: raise the second number of the version, tell the changelog"
    assert minor(kept["version"]) == minor(__version__), "the number was raised: --approve keeps the results"


def test_changelog_and_citation_know_the_version():
    assert f"\n## {__version__}" in (ROOT / "CHANGELOG.md").read_text()
    assert f"\nversion: {__version__}\n" in (ROOT / "CITATION.cff").read_text()
