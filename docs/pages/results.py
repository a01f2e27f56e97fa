"""How claims came out, from the record that ``abm evidence --record docs/evidence.csv`` keeps."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from abm.core.source import SHOWING, model_hash
from abm.evidence import record
from abm.evidence.claim import Claim, claims
from abm.plot.page import wording
from pages.markdown import code, escaped, table

SETS = {
    "assay": ("wm_bright", "wm_second"),
    "patient": ("waldenstrom", "waldenstrom_second"),
    "cll": ("cll", "cll_second"),
}
NAMES = ("first set", "second set")
MARKS = {"yes": "✓", "no": "✗"}
Rows = Mapping[tuple[str, str], record.Row]


def pages(file: Path) -> dict[str, str]:
    """Return a part of a page for each group of claims."""
    rows = {(row["claim"], row["set"]): row for row in record.read(file)}
    return {f"results/{group}": _part(group, rows) for group in SETS}


def _part(group: str, rows: Rows) -> str:
    asked = claims(group)
    made = [_made(name, set_, asked, rows) for name, set_ in zip(NAMES, SETS[group], strict=True)]
    header = ["claim", "role", "what was seen", "published", *NAMES]
    return "\n".join(made) + "\n\n" + table(header, [_row(claim, SETS[group], rows) for claim in asked])


def _row(claim: Claim, sets: Sequence[str], rows: Rows) -> list[str]:
    published = f"{_ends(claim.observed, claim.lo, claim.hi)} {claim.unit}"
    simulated = [_cell(rows.get((claim.id, set_))) for set_ in sets]
    return [claim.id, claim.role, escaped(claim.text), escaped(published), *simulated]


def _ends(value: float, lo: float, hi: float) -> str:
    return f"{wording.number(value)} ({wording.number(lo)} to {wording.number(hi)})"


def _cell(row: record.Row | None) -> str:
    if row is None:
        return "–"
    if not row["simulated"]:
        return f"{MARKS[row['inside']]} none"
    value, has_ends = float(row["simulated"]), row["sim_lo"]
    said = _ends(value, float(row["sim_lo"]), float(row["sim_hi"])) if has_ends else wording.number(value)
    return f"{MARKS[row['inside']]} {said}"


def _made(name: str, set_: str, asked: Sequence[Claim], rows: Rows) -> str:
    """Return a line of a list that says how a set's column was made."""
    found = [rows[claim.id, set_] for claim in asked if (claim.id, set_) in rows]
    label = f"- **{name.capitalize()}**, `{set_}`: "
    if not found:
        command = f"abm evidence --group {asked[0].group} --parameters {set_} --seeds 5 --record docs/evidence.csv"
        return f"{label}not recorded yet; {code(command)} does it."
    n_inside = sum(row["inside"] == "yes" for row in found)
    missing = _missing(len(asked) - len(found))
    return f"{label}{n_inside} of {len(found)} inside the published range{missing}. {_how(found)}"


def _missing(n: int) -> str:
    return f", {n} not recorded yet" if n else ""


def _how(found: Sequence[record.Row]) -> str:
    """Say when, by what version and how small the rows were made."""
    hows = Counter((row["date"], row["version"], row["seeds"], row["scale"], row["model"]) for row in found)
    return " ".join(
        f"{n} on {date} by abm {version}, {seeds} seeds{'' if scale == '1' else f', patches × {scale}'}, "
        f"model {code(model[:8])}{'' if model == model_hash(SHOWING) else ', which has changed since'}."
        for (date, version, seeds, scale, model), n in hows.items()
    )
