"""Every kind of process, probe, read-out, antibody and addition, and the unions that a scenario is read with."""

from collections.abc import Mapping
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Discriminator, Tag
from pydantic.fields import FieldInfo

import abm.biology
import abm.biology.given
import abm.probes
import abm.readouts
from abm.biology.given.antibody import ANTIBODIES, IN_MEDIUM
from abm.biology.given.cells import ADDED
from abm.core.addition import Addition
from abm.core.errors import Fault, nearest
from abm.core.par import kind_of, parameter, reader, refusal
from abm.core.probe import Probe
from abm.core.process import Process, discover
from abm.core.units import UnitError
from abm.core.words import listing
from abm.readouts.readout import Readout

__all__ = ["ANTIBODIES", "CHOSEN", "GIVEN", "PROBES", "PROCESSES", "READOUTS", "USUAL", "AnyAddition", "kind_given",
           "one_of"]  # fmt: skip

PROCESSES: dict[str, type[Process]] = discover(abm.biology, Process)
PROBES: dict[str, type[Probe]] = discover(abm.probes, Probe)
READOUTS: dict[str, type[Readout]] = discover(abm.readouts, Readout)
CHOSEN = {kind: cls for kind, cls in READOUTS.items() if cls.is_chosen}
USUAL = next(kind for kind, cls in CHOSEN.items() if cls.is_usual)
GIVEN: dict[str, type[Addition]] = dict(
    sorted((discover(abm.biology.given, Addition) | IN_MEDIUM | dict(ADDED)).items())
)
OF_AMOUNT = {amount: kind for kind, cls in GIVEN.items() for amount in cls.amounts()}
OWNERS = {name: [kind for kind, cls in GIVEN.items() if name in cls.model_fields] for cls in GIVEN.values()
          for name in cls.model_fields}  # fmt: skip


def one_of(kinds: Mapping[str, type], default: str | None = None) -> Any:
    """Return the union of some classes, told apart by the value of ``kind``."""
    tagged = [Annotated[cls, Tag(kind)] for kind, cls in kinds.items()]
    return Annotated[reduce(or_, tagged), Discriminator(lambda value: kind_of(value, default))]


def kind_given(value: Any) -> str | None:
    """Return the kind of an addition, which as plain data is the key that holds the amount."""
    if isinstance(value, Mapping):
        return next((OF_AMOUNT[key] for key in value if key in OF_AMOUNT and value[key] is not None), None)
    return kind_of(value)


def _tag(value: Any) -> str | None:
    kind = kind_given(value)
    return kind and f"{kind}()"  # no key of the data, so that no fault is placed there


def _own(data: Any) -> Any:
    """Return plain data of an addition without empty keys of other kinds."""
    if not isinstance(data, Mapping):
        return data
    cls = GIVEN[_one_kind(data)]
    others = [key for key in data if key not in cls.model_fields and key in OWNERS]
    faults = [_belongs(key) for key in others if data[key] is not None and not _is_default(key, data[key])]
    if faults:
        raise refusal(*faults)
    return {key: value for key, value in data.items() if key not in others}


def _one_kind(data: Mapping[str, Any]) -> str:
    """Return the only kind that plain data name; a misspelt one is told as the unknown key that it is."""
    named = [key for key in data if data[key] is not None and key in OF_AMOUNT]
    strange = [str(key) for key in data if key not in OWNERS]
    if not named and strange:
        known = list(OWNERS)
        raise refusal(*(Fault(f"unknown key '{key}'", key, "", None, None, ", ".join(known), nearest(key, known))
                        for key in strange))  # fmt: skip
    if len({OF_AMOUNT[key] for key in named}) != 1:
        text = f"an addition names one thing, found {' and '.join(named) or 'nothing'}"
        raise refusal(Fault(text, allowed=", ".join(GIVEN)))
    return OF_AMOUNT[named[0]]


def _belongs(key: str) -> Fault:
    owners = [GIVEN[kind] for kind in OWNERS[key]]
    nouns = [cls.noun if cls.noun != Addition.noun else cls.kind for cls in owners]
    allowed = f"beside {listing([cls.kind for cls in owners], 'or')}"
    return Fault(f"only {listing(nouns)} has it", key, allowed=allowed)


def _is_default(key: str, value: Any) -> bool:
    """Whether a value is the default that an earlier version wrote into every addition."""
    return any(_says_nothing(key, GIVEN[kind].model_fields[key], value) for kind in OWNERS[key])


def _says_nothing(key: str, field: FieldInfo, value: Any) -> bool:
    try:
        read = reader(key, field)(value) if parameter(field) else value
    except UnitError:
        return False
    return (tuple(read) if isinstance(read, list) else read) == field.default


if TYPE_CHECKING:
    AnyAddition = Addition
else:
    tagged = [Annotated[cls, Tag(f"{kind}()")] for kind, cls in GIVEN.items()]
    AnyAddition = Annotated[reduce(or_, tagged), Discriminator(_tag), BeforeValidator(_own)]
