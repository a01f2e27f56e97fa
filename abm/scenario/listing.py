"""What there is to choose from: scenarios, processes, the schema, references.

Processes are listed from their source text: importing them would take seconds, for the sake of a list.
"""

import ast
from collections.abc import Iterator
from typing import Any

from abm.document.editor import schema_of
from abm.document.reading import read_document
from abm.document.shipped import PACKAGE, shipped
from abm.scenario.references import references


def scenarios() -> dict[str, str]:
    """Return the name and title of every scenario that ships."""
    return _titles("scenarios")


def studies() -> dict[str, str]:
    """Return the name and title of every study, comparison and calibration that ships."""
    return _titles("studies")


def _titles(kind: str) -> dict[str, str]:
    return {name: str(read_document(file).data.get("title", "")) for name, file in shipped(kind).items()}


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

    return schema_of(Scenario)


def _first_sentence(tree: ast.Module) -> str:
    return (ast.get_docstring(tree) or "").split("\n\n")[0].replace("\n", " ")


LISTS = {"scenarios": scenarios, "studies": studies, "processes": processes, "schema": schema, "references": references}
