"""Whoever alters results raises the second number of the version, so that a citation of a version names its numbers.

``pytest tests/contract/test_version.py --approve`` keeps the results of a version whose number was raised.
"""

import json
from pathlib import Path

import pytest

from abm.core.version import __version__
from abm.verify.known_results import KEPT, TINY, found, here, minor

ROOT = Path(__file__).parents[2]


def test_results_are_those_of_the_version(request):
    kept = json.loads(KEPT.read_text())
    results = {name: found(name) for name in TINY}
    is_raised = minor(kept["version"]) != minor(__version__)
    if request.config.getoption("--approve") and (is_raised or kept["here"] != here()):
        kept = {"version": __version__, "here": here(), "result_hash": results}
        KEPT.write_text(json.dumps(kept, indent=1) + "\n")
    if kept["here"] != here():
        pytest.skip(f"SKIPPED OUT LOUD: results are kept for {kept['here']}, this is {here()}")
    assert kept["result_hash"] == results, "results changed: raise the second number of the version, tell the changelog"
    assert minor(kept["version"]) == minor(__version__), "the number was raised: --approve keeps the results"


def test_changelog_and_citation_know_the_version():
    assert f"\n## {__version__}" in (ROOT / "CHANGELOG.md").read_text()
    assert f"\nversion: {__version__}\n" in (ROOT / "CITATION.cff").read_text()
