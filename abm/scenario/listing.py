"""What there is to choose from: scenarios, processes, the schema, references."""

from pathlib import Path
from typing import Any

from abm.scenario.reading import read_document
from abm.scenario.references import references
from abm.scenario.schema import PROCESSES, Scenario

CONFIGS = Path(__file__).resolve().parents[2] / "configs"


def scenarios() -> dict[str, str]:
    """Return the path and title of every scenario file that comes with the project."""
    files = sorted((CONFIGS / "scenarios").glob("*.yaml"))
    return {f"configs/scenarios/{f.name}": str(read_document(f).data.get("title", "")) for f in files}


def processes() -> dict[str, str]:
    """Return every kind of process and the claim it makes."""
    return {kind: _first_sentence(cls) for kind, cls in PROCESSES.items()}


def schema() -> dict[str, Any]:
    """Return the JSON Schema of scenario files, for editors."""
    return Scenario.model_json_schema()


def _first_sentence(cls: type) -> str:
    import sys

    return (sys.modules[cls.__module__].__doc__ or "").split("\n\n")[0].replace("\n", " ")


LISTS = {"scenarios": scenarios, "processes": processes, "schema": schema, "references": references}
