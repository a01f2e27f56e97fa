"""The bibliography: what the source of a parameter stands for."""

import re
from pathlib import Path

BIBLIOGRAPHY = Path(__file__).resolve().parents[1] / "references.bib"
ENTRY = re.compile(r"^@\w+\{(?P<key>[A-Za-z0-9]+),(?P<body>.*?)^\}", re.M | re.S)
FIELD = re.compile(r"^\s*(?P<name>\w+)\s*=\s*\{(?P<value>.*)\},?\s*$", re.M)


def references() -> dict[str, str]:
    """Return one line per reference key: authors (year), title, journal, what is taken from it."""
    return {m["key"]: _citation(m["body"]) for m in ENTRY.finditer(BIBLIOGRAPHY.read_text(encoding="utf-8"))}


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
