"""Names that survive other programs: as folders, as cells of a table, in any of its readers."""

import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from abm.core.errors import Fault
from abm.core.par import refusal

# What pandas, R and their relatives read as a missing value; what is in small letters here, in any capitals.
MISSING = frozenset(
    ". - -- ? <na> #n/a #na na n/a nan -nan nat nil None null 1.#ind -1.#ind 1.#qnan -1.#qnan".split(" ")  # noqa: SIM905
) | {"#n/a n/a"}
LONGEST = 64
TAKEN = "a name that is not read as a missing value"


def is_missing(text: str) -> bool:
    """Whether other programs would read a text as a missing value."""
    return not MISSING.isdisjoint((text.strip(), text.strip().lower()))


def refuse_missing(text: str) -> str:
    """Return a text that is not read as a missing value.

    Raises
    ------
    PydanticCustomError
        It is.
    """
    if is_missing(text):
        raise refusal(Fault(f"{text!r} reads as a missing value in other programs", allowed=TAKEN))
    return text


def _refuse_unprintable(text: str) -> str:
    if not text.isprintable() or len(text) > LONGEST:
        raise refusal(Fault(f"found {text[:LONGEST]!r}", allowed=f"at most {LONGEST} printable characters"))
    return refuse_missing(text)


NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
Name = Annotated[str, Field(pattern=NAME), AfterValidator(refuse_missing)]
Label = Annotated[str, AfterValidator(_refuse_unprintable)]


def name_of(path: Path) -> str:
    """Return a file's name without special characters, for content without a name; empty if nothing is left."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", path.stem).strip("-._")[:LONGEST]
    return f"{name}-" if is_missing(name) else name
