"""Which verb a file is for, when it was passed to the wrong one."""

from pydantic import BaseModel

from abm.core.errors import Fault
from abm.document.reading import Document

KINDS = {  # by the model's name: keys that no other kind has, what it is called, its verb
    "Scenario": ({"arms", "processes", "populations", "space", "probes", "dt"}, "a scenario", "abm run"),
    "Study": ({"base", "design", "seeds", "summaries", "budget"}, "a study", "abm study run"),
    "Calibration": (
        {"free", "nuisance", "points", "repeats", "live", "kept", "checked", "waves"},
        "a calibration",
        "abm fit",
    ),
    "Comparison": ({"calibration", "decide", "panel", "panel_n", "draws", "variants"}, "a comparison", "abm compare"),
    "VirtualPopulation": ({"targets", "at_least"}, "a virtual population", "abm weigh RUN"),
}


def other_kind(model_class: type[BaseModel], document: Document) -> Fault | None:
    """Return what is wrong with a document that has keys of another kind of file and none of the kind asked for."""
    found = {name: sorted(keys & document.data.keys()) for name, (keys, _, _) in KINDS.items()}
    asked = model_class.__name__
    if found.get(asked, True) or not any(found.values()):
        return None
    name = max(found, key=lambda kind: len(found[kind]))
    what, verb = KINDS[name][1:]
    message = f"the file is {what}, not {KINDS[asked][1]}; its verb: {verb} {document.file}"
    return document.fault((found[name][0],), message)
