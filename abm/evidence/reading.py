"""What calibrations and comparisons have in common: a parameter set, claims and ranges, every fault with its line."""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self, TypeVar

from abm.core.errors import Fault, InputError
from abm.core.par import Model, plain
from abm.core.source import SHOWING, model_hash
from abm.core.user_file import UserFile
from abm.document.load import Document, apply_overrides, named_file, resolve, validate
from abm.document.reading import Keys, dotted, keys_in
from abm.evidence.claim import Claim, chosen, refuse_roles
from abm.evidence.own_data import own_claims
from abm.evidence.score import group_of
from abm.scenario.from_file import checked, load_scenario, named
from abm.scenario.renamed import RENAMED
from abm.scenario.schema import Scenario
from abm.study.design import Range, range_of
from abm.study.rows import as_base, scenario_at
from abm.study.spec import placed_in_set

AnyAsked = TypeVar("AnyAsked", bound=Model)


@dataclass(frozen=True)
class Given:
    """What the numbers of a calibration or a comparison are about.

    Attributes
    ----------
    document : Document
        Where everything stands.
    base : str
        Parameter set, with all that the file sets in it, as the text of :func:`abm.study.rows.as_base`.
    claims : tuple of Claim
        In the order of the file.
    ranges : tuple of Range
        In the order of the file.
    warnings : tuple of str
        What the user should know of the files though nothing is wrong.
    data : UserFile, optional
        The table of observations that the claims are the rows of.
    """

    document: Document
    base: str
    claims: tuple[Claim, ...]
    ranges: tuple[Range, ...]
    warnings: tuple[str, ...] = ()
    data: UserFile | None = None

    def warning(self, *texts: str) -> Self:
        """Return it with further warnings."""
        return replace(self, warnings=(*self.warnings, *texts))

    def identity(self) -> dict[str, Any]:
        """Return what every result depends on."""
        return {
            "claims": [claim.id for claim in self.claims],
            "ranges": [own.model_dump() for own in self.ranges],
            "parameters": digest(self.base),
            "model": model_hash(SHOWING),
        } | ({"data": self.data.sha256} if self.data else {})


def read(
    path: Path, sets: tuple[str, ...], kind: type[AnyAsked], axes: str, reach: tuple[str, ...] | None = None
) -> tuple[AnyAsked, Given]:
    """Read a file that names a parameter set, claims and, under the key ``axes``, ranges; paths are relative to it.

    ``reach`` is that of the document that names the file; without it the user does.

    Raises
    ------
    InputError
        All faults of the file, with their places.
    """
    return given_by(resolve(path, sets, kind, reach, RENAMED), kind, axes)


def given_by(document: Document, kind: type[AnyAsked], axes: str) -> tuple[AnyAsked, Given]:
    """Return what :func:`read` does, of a document instead of a file."""
    validate(kind, document)
    beside = "scenario" if document.data.get("scenario") else "parameters"
    document = RENAMED.read(document, plain(scenario_beside(document, beside)))
    asked = named(validate(kind, document), document)
    content, faults, found = dict(asked), [], []
    scenario, data = scenario_beside(document, beside, content["set"]), None
    if beside == "scenario":
        place: Keys = ("data",) if isinstance(document.data["data"], str) else ("data", "file")
        at = os.path.abspath(named_file(document, place))
        data = UserFile(file=at, sheet=content["data"].sheet).known()
        claims, scenario = own_claims(scenario, data), scenario.model_copy(update={"observations": None})
    else:
        claims = claims_at(document, "claims", content["claims"], content[axes], group_of(scenario), faults)
    base = as_base(scenario)
    for name, axis in content[axes].items():
        with placed(document, (axes, name), faults):
            own = range_of(json.loads(base), name, axis, axes)
            for share in (0.0, 1.0):
                scenario_at(base, {name: own.value(share)}, 0)
            found.append(own)
    if faults:
        raise InputError(*faults)
    return asked, Given(document, base, tuple(claims), tuple(found), (*scenario.told, *document.warnings), data)


def scenario_beside(document: Document, key: str, changes: Mapping[str, Any] | None = None) -> Scenario:
    """Return the scenario whose file a key names, with changes by dotted path as the file's ``set`` makes them.

    Raises
    ------
    InputError
        There is no such file, or it or the changes are faulty.
    """
    path = named_file(document, (key,))
    own = load_scenario(path, reach=document.reach)
    with placed_in_set(changes or {}, document):
        data = apply_overrides(plain(own), changes or {}, Scenario)
        return checked(Document(path, data, reach=document.reach)).telling(own.told)


@contextmanager
def placed(document: Document, place: Keys, faults: list[Fault]) -> Iterator[None]:
    """Collect faults raised inside, with their places in a document."""
    try:
        yield
    except InputError as error:
        for fault in error.faults:
            is_told = fault.path.startswith(dotted(place))
            own = keys_in(document.data, fault.path) if is_told else place
            text = fault.message if is_told or fault.path in ("", place[-1]) else f"{fault.path}: {fault.message}"
            faults.append(document.fault(own, text, fault.allowed, fault.nearest))


def digest(text: str) -> str:
    """Return a short hash of a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def claims_at(
    document: Document, key: str, ids: Sequence[str], free: Iterable[str], group: str, faults: list[Fault]
) -> list[Claim]:
    """Return the claims that a document names under a key: once each, of one group, in roles that allow what is free.

    What is wrong with the others is added to the faults.
    """
    found = []
    for index, name in enumerate(ids):
        with placed(document, (key, index), faults):
            (claim,) = chosen([name])
            refuse_roles([claim], free)
            if claim.group != group:
                text = f"{name} is of the group {claim.group}; the parameter set is for the group {group}"
                raise InputError(Fault(text, allowed=f"claims of the group {group}"))
            if name in ids[:index]:
                raise InputError(Fault(f"{name} a second time", allowed="each claim once"))
            found.append(claim)
    return found
