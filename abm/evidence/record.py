"""A small table of how claims came out, kept over many calls: of each claim and parameter set the last one."""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from abm.core.errors import Fault, InputError
from abm.core.files import atomic_write
from abm.core.source import SHOWING, model_hash
from abm.core.version import __version__
from abm.evidence.claim import Claim, claims
from abm.evidence.report import sets_of

NUMBERS = ("simulated", "sim_lo", "sim_hi", "observed", "obs_lo", "obs_hi", "as_extreme")
COLUMNS = (
    *("claim", "group", "set", "simulated", "sim_lo", "sim_hi", "observed", "obs_lo", "obs_hi", "unit", "inside"),
    *("as_extreme", "seeds", "scale", "date", "version", "model"),
)
Row = dict[str, str]


def read(path: Path) -> list[Row]:
    """Return the rows of a record; none where there is no such file.

    Raises
    ------
    InputError
        The file is another one: it has other columns, or is no text.
    """
    if not path.exists():
        return []
    try:
        rows = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8")))
        found = list(rows)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(Fault(f"cannot be read as a record: {error}", file=str(path))) from None
    names = tuple(rows.fieldnames or ())
    if names != COLUMNS:
        text = f"is no record of evidence: its columns are {', '.join(names) or 'none'}"
        raise InputError(Fault(text, file=str(path), allowed=", ".join(COLUMNS)))
    return found


def record(path: Path, asked: Sequence[Claim], parameters: Path | None, found: Mapping[str, Any]) -> None:
    """Put what :func:`abm.evidence.report.evaluate` found into a record; other rows of it stay.

    Parameters
    ----------
    path : Path
        A CSV file, which need not be there yet.
    asked, parameters
        As they were given to `evaluate`.
    found : mapping
        What it returned.
    """
    groups = {claim.id: claim.group for claim in asked}
    names = {group: set_.stem for group, set_ in sets_of(asked, parameters).items()}
    made = {"seeds": str(len(found["seeds"])), "scale": f"{found['scale']:g}", "date": f"{datetime.now(UTC):%Y-%m-%d}",
            "version": __version__, "model": model_hash(SHOWING)}  # fmt: skip
    new = [
        _row(score) | {"group": groups[score["id"]], "set": names[groups[score["id"]]]} | made
        for score in found["claims"]
    ]
    rows = {(row["claim"], row["set"]): row for row in [*read(path), *new]}
    order = {claim.id: place for place, claim in enumerate(claims())}
    text = io.StringIO()
    out = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    out.writeheader()
    out.writerows(rows[key] for key in sorted(rows, key=lambda key: (order.get(key[0], len(order)), key)))
    atomic_write(path, text.getvalue().encode())


def _row(score: Mapping[str, Any]) -> Row:
    numbers = dict(zip(("sim_lo", "sim_hi"), score["interval"], strict=True))
    numbers |= {"simulated": score["simulated"], "observed": score["observed"], "as_extreme": score["as_extreme"]}
    numbers |= {"obs_lo": score["lo"], "obs_hi": score["hi"]}
    shown = {name: "" if numbers[name] is None else f"{numbers[name]:.4g}" for name in NUMBERS}
    return {"claim": score["id"], "unit": score["unit"], "inside": "yes" if score["holds"] else "no"} | shown
