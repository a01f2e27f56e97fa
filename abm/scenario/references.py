"""The bibliography: what the source of a parameter stands for."""

import re
from functools import cache
from pathlib import Path

from abm.core.errors import Fault, nearest

BIBLIOGRAPHY = Path(__file__).resolve().parents[1] / "references.bib"
REASONS = ("assumed", "design", "fitted")
ENTRY = re.compile(r"^@\w+\{(?P<key>[A-Za-z0-9]+),(?P<body>.*?)^\}", re.M | re.S)
FIELD = re.compile(r"^\s*(?P<name>\w+)\s*=\s*\{(?P<value>.*)\},?\s*$", re.M)


@cache
def references() -> dict[str, str]:
    """Return one line per reference key: authors (year), title, journal, what is taken from it."""
    return {m["key"]: _citation(m["body"]) for m in ENTRY.finditer(BIBLIOGRAPHY.read_text(encoding="utf-8"))}


def unsourced(source: str, path: str = "source") -> list[Fault]:
    """Return what is wrong with a source: it is a list of reference keys, or says why not."""
    if _is_reason(source):
        return []
    known, parts = references(), [part.strip() for part in source.replace(";", ",").split(",")]
    allowed = "keys of 'abm list references', or 'assumed: why'"
    return [
        Fault(f"no reference '{part}'", path, allowed=allowed, nearest=nearest(part, known))
        for part in parts
        if part not in known and not _is_reason(part)
    ]


def _is_reason(text: str) -> bool:
    word, colon, why = text.partition(":")
    return bool(colon and why.strip()) and word in REASONS


def _citation(body: str) -> str:
    entry = {m["name"].lower(): _plain(m["value"]) for m in FIELD.finditer(body)}
    names = [name.split(",")[0] for name in entry.get("author", "").split(" and ")]
    who = names[0] + (" and others" if len(names) > 2 else f" and {names[1]}" if len(names) == 2 else "")
    where = " ".join(entry[k] for k in ("journal", "volume", "pages", "publisher", "institution") if k in entry)
    doi = f" doi:{entry['doi']}" if "doi" in entry else ""
    taken = f" [{entry['note']}]" if "note" in entry else ""
    return f"{who} ({entry.get('year', 'n.d.')}) {entry.get('title', '')}. {where}.{doi}{taken}"


def _plain(text: str) -> str:
    accents = {'\\"o': "ö", '\\"u': "ü", '\\"a': "ä", "\\'e": "é", "\\`e": "è", "\\&": "&", "--": "-"}
    for tex, letter in accents.items():
        text = text.replace(f"{{{tex}}}", letter).replace(tex, letter)
    return text.replace("{", "").replace("}", "")
