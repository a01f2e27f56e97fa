"""Tests by kind, counted from the text of a checkout; a wheel has none."""

import ast
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from abm.document.shipped import PACKAGE

TESTS = PACKAGE.parent / "tests"
KINDS = {
    "contract": "what every process, parameter, scenario and module must keep",
    "reference": "against differential equations, exact stochastic simulation, and a second program in plain Python",
    "verification": "theory, planted faults, halved steps and published numbers; minutes",
}
HEAD = re.compile(r"(?m)^[^\s#].*:$")  # of a fault in its list
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


@cache
def planted(tests: Path = TESTS) -> int:
    """Return how many faults are planted by hand, each of which some test must find."""
    files = (tests / "verification" / "faults").glob("*.yaml")
    return sum(len(HEAD.findall(file.read_text(encoding="utf-8"))) for file in files)
