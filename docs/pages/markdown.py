"""MyST text from what the code says: prose of docstrings, tables, references."""

import re
from collections.abc import Iterable, Sequence
from functools import cache

from abm.scenario.references import references

CODE = re.compile(r"``(.+?)``|(?::\w+)?:\w+:`(.+?)`|`(.+?)`", re.S)
LABEL = re.compile(r"\*([A-Z][\w /]*)\*:")
SPECIAL = re.compile(r"([\\*_\[\]<>|$`~^#])")


def prose(text: str) -> str:
    """Return the text of a docstring as MyST: code stays code, labels stay in italics, all else is plain."""
    parts, begun = [], 0
    for match in CODE.finditer(text):
        parts += [_plain(text[begun : match.start()]), code(next(filter(None, match.groups())))]
        begun = match.end()
    return "".join([*parts, _plain(text[begun:])])


def _plain(text: str) -> str:
    """Return text without markup; its labels and the keys of references in it are what is marked."""
    parts = LABEL.split(text)
    return "".join(f"*{part}*:" if i % 2 else linked(part) for i, part in enumerate(parts))


def linked(text: str) -> str:
    """Return plain text in which every reference key leads to its entry."""
    return "".join(
        f"[{part}](#ref-{part.lower()})" if i % 2 else escaped(part) for i, part in enumerate(_keys().split(text))
    )


@cache
def _keys() -> re.Pattern[str]:
    return re.compile(rf"\b({'|'.join(sorted(references(), key=len, reverse=True))})\b")


def escaped(text: str) -> str:
    """Return text that MyST shows as it is."""
    return SPECIAL.sub(r"\\\1", text)


def code(text: str) -> str:
    """Return text as code, on one line."""
    text = " ".join(text.split())
    marks = "``" if "`" in text else "`"
    return f"{marks}{text}{marks}"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of cells that are MyST already."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines) + "\n"


def _cell(text: str) -> str:
    return re.sub(r"(?<!\\)\|", r"\\|", " ".join(text.split()))


def page(title: str, *parts: str) -> str:
    """Return a page of parts."""
    return "\n\n".join([f"# {title}", *(part.strip("\n") for part in parts if part)]) + "\n"


def contents(names: Iterable[str]) -> str:
    """Return the list of pages below this one, which shows in the sidebar."""
    return "```{toctree}\n:hidden:\n\n" + "\n".join(names) + "\n```"
