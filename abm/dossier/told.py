"""What a module says of itself: its claim, and what stands under *Model*, *Assumes*, *Reads*, *References*."""

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from inspect import get_annotations

TAG = re.compile(r"\*([A-Z][A-Za-z /]*)\*:\s*")
ROLE = re.compile(r":\w+:`~?(?:[\w.]*\.)?(\w+)`")
EMPHASIS = re.compile(r"(?<![\w*`])\*([a-z]+)\*(?![\w*`])")
OF_THE_ENGINE = ("abm.core", "pydantic", "builtins", "abc", "typing")


@dataclass(frozen=True)
class Told:
    """A docstring in parts.

    Attributes
    ----------
    claim : str
        Its first paragraph.
    parts : dict of str to list of str
        Paragraphs by their word, such as ``Model``; under "" those before any.
    """

    claim: str
    parts: Mapping[str, list[str]] = field(default_factory=dict)

    def under(self, word: str) -> list[str]:
        """Return the paragraphs under a word."""
        return self.parts.get(word, [])


def plain(paragraph: str) -> str:
    """Return a paragraph in one line, names of other parts of the program without their path."""
    return EMPHASIS.sub(r"\1", ROLE.sub(r"\1", " ".join(paragraph.split())))


def told(text: str | None) -> Told:
    """Return a docstring in parts; a paragraph without a word goes on with the one before."""
    paragraphs = [plain(one) for one in (text or "").strip().split("\n\n")]
    parts: dict[str, list[str]] = {}
    word = ""
    for paragraph in paragraphs[1:]:
        pieces = TAG.split(paragraph)
        if pieces[0].strip():
            parts.setdefault(word, []).append(pieces[0].strip())
        for name, own in zip(pieces[1::2], pieces[2::2], strict=True):
            word = name
            parts.setdefault(word, []).append(own.strip())
    return Told(paragraphs[0], parts)


def module_of(name: str) -> Told:
    """Return what a module says of itself."""
    return told(sys.modules[name].__doc__)


def modules_of(cls: type) -> list[str]:
    """Return the module of a class, and those of what it is a kind of, as far as they are about biology."""
    names = dict.fromkeys(one.__module__ for one in cls.__mro__)
    return [name for name in names if not name.startswith(OF_THE_ENGINE) and not _is_of_another(name, cls)]


def _is_of_another(module: str, cls: type) -> bool:
    """Whether a module is about other kinds alone, and only holds what a class has in common with them."""
    known = (one for one in vars(sys.modules[module]).values() if isinstance(one, type) and one.__module__ == module)
    kinds = [one for one in known if "kind" in get_annotations(one)]
    return bool(kinds) and not any(kind in cls.__mro__ for kind in kinds)


def of_class(cls: type) -> list[Told]:
    """Return what is told of a class: by its module, then by those of what it is a kind of."""
    return [module_of(name) for name in modules_of(cls)]


def sentence(cls: type) -> str:
    """Return the first paragraph of a class's own docstring."""
    return told(cls.__doc__).claim
