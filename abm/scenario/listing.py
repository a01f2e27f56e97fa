"""What there is to choose from: scenarios, processes, the schema, references.

Processes are listed from their source text: importing them would take seconds, for the sake of a list.
"""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from abm.document.reading import read_document
from abm.scenario.references import references

PACKAGE = Path(__file__).resolve().parents[1]
CONFIGS = PACKAGE.parent / "configs"


def scenarios() -> dict[str, str]:
    """Return the path and title of every scenario file that comes with the project."""
    files = sorted((CONFIGS / "scenarios").glob("*.yaml"))
    return {f"configs/scenarios/{f.name}": str(read_document(f).data.get("title", "")) for f in files}


def studies() -> dict[str, str]:
    """Return the path and title of every study, comparison and calibration that comes with the project."""
    files = sorted((CONFIGS / "studies").glob("*.yaml"))
    return {f"configs/studies/{f.name}": str(read_document(f).data.get("title", "")) for f in files}


def processes() -> dict[str, str]:
    """Return every kind of process and the claim it makes."""
    found: dict[str, str] = {}
    classes = {"Process"}
    files = [ast.parse(path.read_text(encoding="utf-8")) for path in sorted((PACKAGE / "biology").rglob("*.py"))]
    nodes = [(node, tree) for tree in files for node in tree.body if isinstance(node, ast.ClassDef)]
    while new := [(n, t) for n, t in nodes if n.name not in classes and classes & set(map(ast.unparse, n.bases))]:
        classes |= {node.name for node, _ in new}
        found |= {kind: _first_sentence(tree) for node, tree in new for kind in _kind(node)}
    return dict(sorted(found.items()))


def _kind(node: ast.ClassDef) -> Iterator[str]:
    """Yield the kind that a class states, if it states one."""
    for field in node.body:
        if isinstance(field, ast.AnnAssign) and ast.unparse(field.target) == "kind" and field.value:
            yield ast.literal_eval(field.value)


def schema() -> dict[str, Any]:
    """Return the JSON Schema of scenario files, for editors."""
    from abm.scenario.schema import Scenario

    return Scenario.model_json_schema()


def _first_sentence(tree: ast.Module) -> str:
    return (ast.get_docstring(tree) or "").split("\n\n")[0].replace("\n", " ")


LISTS = {"scenarios": scenarios, "studies": studies, "processes": processes, "schema": schema, "references": references}
