"""Tests by kind, counted from the text of a checkout, and how they last ended; a wheel has none."""

import ast
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

from abm.document.shipped import PACKAGE

TESTS = PACKAGE.parent / "tests"
KINDS = {
    "bench": "the benchmarks themselves",
    "configs": "the scenarios, studies and parameter sets that ship",
    "contract": "what every process, parameter, scenario and module must keep",
    "reference": "against differential equations, exact stochastic simulation, and a second program in plain Python",
    "verification": "theory, planted faults, halved steps and published numbers; minutes",
}
HEAD = re.compile(r"(?m)^[^\s#].*:$")  # of a fault in its list
RESULTS = {"tests.xml": "", "tests-verification.xml": "--verification"}  # what scripts/test leaves with the runs
ENDS = {"failure": "failed", "error": "failed", "skipped": "skipped"}
MARKED = re.compile(r"pytestmark\s*=.*verification|@pytest\.mark\.verification")


@dataclass(frozen=True)
class Counted:
    """Tests of one folder: functions, and those among them that are marked as verification."""

    folder: str
    functions: int
    verification: int

    @property
    def about(self) -> str:
        """What they test."""
        return KINDS.get(self.folder) or (f"abm/{self.folder}" if (PACKAGE / self.folder).is_dir() else "")


@cache
def counted(tests: Path = TESTS) -> list[Counted]:
    """Return the test functions of each folder of a checkout; none in a wheel."""
    functions, marked = Counter[str](), Counter[str]()
    for file in sorted(tests.rglob("test_*.py")):
        text = file.read_text(encoding="utf-8")
        nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
        n = sum(node.name.startswith("test_") for node in nodes)
        folder = file.relative_to(tests).parts[0]
        functions[folder] += n
        marked[folder] += n if MARKED.search(text) else 0
    return [Counted(folder, n, marked[folder]) for folder, n in sorted(functions.items())]


def last_results(files: Iterable[Path]) -> dict[str, Counter[str]]:
    """Return how many tests of each folder passed, failed or were skipped when they last ran: JUnit files of pytest."""
    found: dict[str, Counter[str]] = {}
    for case in (case for file in files for case in ElementTree.parse(file).iter("testcase")):
        folder = case.get("classname", "").split(".")[1]
        found.setdefault(folder, Counter())[next((ENDS[one.tag] for one in case if one.tag in ENDS), "passed")] += 1
    return found


def ended(n: Counter[str]) -> str:
    """Return how many tests ended how, as a sentence says it."""
    return ", ".join(f"{n[word]} {word}" for word in ("failed", "passed", "skipped") if n[word])


@cache
def planted(tests: Path = TESTS) -> int:
    """Return how many faults are planted by hand, each of which some test must find."""
    files = (tests / "verification" / "faults").glob("*.yaml")
    return sum(len(HEAD.findall(file.read_text(encoding="utf-8"))) for file in files)
