"""The reference, from the registries: what each kind is, what it takes, and where its numbers come from."""

import inspect
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from abm.biology.covariates import Covariates
from abm.biology.populations import CELL_TYPES
from abm.core.par import BOUNDS, bounds_text, describe
from abm.core.words import units
from abm.scenario.kinds import ANTIBODIES, GIVEN, PROBES, PROCESSES, READOUTS
from abm.scenario.references import references
from pages.markdown import code, contents, escaped, linked, page, prose, table

SCALES = {"well": "a well", "body": "a patient", "both": "a well and a patient"}
FAMILIES = {
    "antibody": "Antibody on CD20",
    "complement": "Complement",
    "effectors": "Effector cells",
    "hormones": "DHEAS",
    "secretion": "Secretion",
    "clone": "Births and deaths",
    "patient": "The patient",
    "signalling": "Signalling and BTK",
}


def pages() -> dict[str, str]:
    """Return every page of the reference by its name."""
    return {
        "reference": _index(),
        "processes": _processes(),
        **{f"processes/{family}": _family(family) for family in _families()},
        "antibodies": _models("Antibodies", ANTIBODIES, _ANTIBODIES),
        "additions": _models("Additions", GIVEN, _ADDITIONS),
        "cells": _models("Cells", {k: c for kinds in CELL_TYPES.values() for k, c in kinds.items()}, _CELLS),
        "covariates": page("Covariates", prose(_docstring(Covariates)), parameters(Covariates)),
        "readouts": _readouts(),
        "probes": _models("Probes", PROBES, _PROBES),
        "references": _references(),
    }


_ANTIBODIES = (
    "An arm gives one by its name, `{rituximab: 10 ug/mL}`; its numbers are changed under `antibodies` in a scenario."
)
_ADDITIONS = "What the list `add` of an arm may hold: the key is the kind, its value the amount."
_CELLS = (
    "What the cells of a population are like, under `populations` in a scenario; of several kinds, `kind` says which."
)
_PROBES = "What a run looks at, under `probes` in a scenario."


def _index() -> str:
    names = ["verbs", "scenarios", "processes", "antibodies", "additions", "cells", "covariates", "readouts", "probes"]
    lines = [
        "- [Processes](processes.md): every mechanism, with its equation and what is assumed",
        "- [Antibodies](antibodies.md), [additions](additions.md): what can be given",
        "- [Cells](cells.md), [covariates](covariates.md): who it is given to",
        "- [Read-outs](readouts.md), [probes](probes.md): what is measured and concluded",
        "- [Verbs](verbs.md), [scenarios and studies](scenarios.md): what can be asked, and what ships",
        "- [Claims](claims.md): what papers saw; [references](references.md): the papers behind the numbers",
    ]
    text = (
        "Made from the code at every build: what stands here is what runs. `abm params FILE` prints the parameters of "
        "one scenario."
    )
    return page("Reference", text, "\n".join(lines), contents([*names, "claims", "references"]))


def _families() -> dict[str, list[str]]:
    """Return the kinds of process by the folder that they lie in."""
    found: dict[str, list[str]] = {name: [] for name in FAMILIES}
    for kind, cls in PROCESSES.items():
        found.setdefault(cls.__module__.split(".")[2], []).append(kind)
    return {family: kinds for family, kinds in found.items() if kinds}


def _processes() -> str:
    parts = []
    for family, kinds in _families().items():
        rows = [
            [f"[{code(kind)}](#process-{kind})", prose(_claim(PROCESSES[kind])), SCALES[PROCESSES[kind].scale]]
            for kind in kinds
        ]
        parts.append(f"## {FAMILIES.get(family, family)}\n\n" + table(["kind", "claim", "of"], rows))
    text = (
        "A process is the only thing that changes the World, and makes one claim about biology. It stands under "
        "`processes` in a scenario, `internalisation: {kind: internalisation}`; `null` switches it off."
    )
    return page("Processes", text, *parts, contents(f"processes/{family}" for family in _families()))


def _family(family: str) -> str:
    return page(FAMILIES.get(family, family), *(_process(kind) for kind in _families()[family]))


def _process(kind: str) -> str:
    cls = PROCESSES[kind]
    own = _usual(cls)
    marks = (
        f"Acts in the phase {cls.phase.name}, in {SCALES[cls.scale]}; `{_file(cls)}`.\\\n"
        f"Reads {_columns(own.reads)}.\\\nWrites {_columns(own.writes)}."
    )
    head = f"(process-{kind})=\n## {kind}"
    return "\n\n".join([head, f"*{prose(_docstring(cls))}*", prose(_module_text(cls)), marks, parameters(cls)])


def _usual(cls: type[Any]) -> Any:
    """Return a process with its usual parameters; of one that must be given some, an empty one."""
    required = [row for row in describe(cls) if row["default"] is ...]
    return cls.model_construct() if required else cls()


def _columns(names: Iterable[str]) -> str:
    return ", ".join(map(code, names)) or "nothing"


def _models(title: str, kinds: Mapping[str, type[Any]], text: str) -> str:
    parts = [_model(title, kind, cls) for kind, cls in kinds.items()]
    return page(title, text, *parts)


def _model(title: str, kind: str, cls: type[Any]) -> str:
    head = f"({title.lower()}-{kind})=\n## {kind}"
    where = f"Of {SCALES[cls.scale]}. " if hasattr(cls, "scale") else ""
    return "\n\n".join(
        [head, prose(_docstring(cls)), prose(_module_text(cls)), f"{where}{code(_file(cls))}", parameters(cls)]
    )


def _readouts() -> str:
    parts = []
    for kind, cls in READOUTS.items():
        rows = [[code(m.name), prose(m.words), escaped(m.shown) or "–", m.where] for m in cls.declared]
        measures = table(["measure", "what it is", "shown in", "told in"], rows)
        parts.append(_model("Read-outs", kind, cls) + "\n\n" + measures)
    text = (
        "What is concluded of subjects. A study's `summaries` name a measure as `ARM.measure`; an observation names it "
        "in `of`."
    )
    return page("Read-outs", text, *parts)


def parameters(cls: type[Any]) -> str:
    """Return the table of a model's parameters."""
    rows = [
        [
            code(row["name"]),
            _value(row["default"]),
            escaped(units(row["unit"])) if row["unit"] != "1" else "–",
            _bounds(row),
            escaped(row["description"]),
            linked(row["source"]),
        ]
        for row in describe(cls)
    ]
    return table(["parameter", "usually", "unit", "allowed", "what it is", "source"], rows) if rows else ""


def _bounds(row: Mapping[str, Any]) -> str:
    text = bounds_text({bound: f"{row[bound]:,g}" for bound in BOUNDS if row[bound] is not None})
    return escaped(text.replace(">=", "≥").replace("<=", "≤")) or "–"


def _value(value: Any) -> str:
    if value is ...:
        return "must be given"
    if value is None or value == ():
        return "none"
    return code(f"{value:.6g}" if isinstance(value, float) else str(value))


def _references() -> str:
    text = "What stands as the source of a parameter or a claim, with what is taken from it in square brackets."
    entries = [f"(ref-{key.lower()})=\n**{key}**: {_citation(line)}" for key, line in sorted(references().items())]
    return page("References", text, *entries)


def _citation(line: str) -> str:
    """Return a reference with its DOI as a link."""
    before, doi, after = line.partition(" doi:")
    number, _, rest = after.partition(" ")
    return escaped(before) + (f" [doi:{number}](https://doi.org/{number}) {escaped(rest)}" if doi else "")


def _docstring(cls: type[Any]) -> str:
    return (inspect.getdoc(cls) or "").partition("\n\nAttributes\n---")[0]


def _module_text(cls: type[Any]) -> str:
    return inspect.getdoc(sys.modules[cls.__module__]) or ""


def _claim(cls: type[Any]) -> str:
    return _module_text(cls).partition("\n\n")[0]


def _file(cls: type[Any]) -> str:
    return cls.__module__.replace(".", "/") + ".py"
