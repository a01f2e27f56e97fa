"""A registered prediction held against what was measured later: inside or outside, coverage, and the log score.

*Model*: the draws of a registration, smoothed by as much as so few of them ask, are the law of the true value; what is
measured differs from it as the row of the table says (``sd``, ``lo`` and ``hi``, or ``k`` of ``n``).

*References*: Silverman1986 (width of the smoothing).
"""

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from abm.core.errors import Fault, InputError
from abm.core.user_file import UserFile
from abm.document.load import Document, validate
from abm.evidence.own_data import OwnClaim, own_claims
from abm.evidence.predict import read
from abm.inference.counted import Counts
from abm.scenario.schema import Scenario
from abm.statistics.draws import ENDS

MEASURED = 2000  # design: measurements drawn of each row; ends of a 95 % interval to half a percent
SAME_H = 1e-6


def check(registration: Path, data: UserFile) -> dict[str, Any]:
    """Return how a registration did, row by row and together, and what makes it no prediction.

    Raises
    ------
    InputError
        The registration was altered, or something is wrong with the table.
    """
    found = read(registration)
    content = {**found["scenario"], "cohort": None, "observations": None}
    scenario = validate(Scenario, Document(str(registration), content))
    claims = own_claims(scenario, data)
    pairs = [(claim, _registered(found["rows"], claim)) for claim in claims]
    rows = [_held(claim, row, k) for k, (claim, row) in enumerate(pairs) if row]
    if not rows:
        text, allowed = "none of its rows was registered", "; ".join(row["row"] for row in found["rows"][:9])
        raise InputError(Fault(text, file=data.name, allowed=allowed))
    inside = [row["is_inside"] for row in rows]
    return {
        "name": found["name"],
        "registered": found["registered"],
        "hash": found["hash"],
        "data": {"file": data.name, "sha256": data.sha256},
        "rows": rows,
        "n_inside": sum(inside),
        "n": len(rows),
        "coverage": sum(inside) / len(rows),
        "log_score": float(np.mean([row["log_score"] for row in rows])),
        "warnings": [*_doubts(found, data, claims), *_unregistered(claims, pairs)],
    }


def _registered(rows: Sequence[Mapping[str, Any]], claim: OwnClaim) -> Mapping[str, Any]:
    return next((row for row in rows if _is_of(row, claim)), {})


def _is_of(row: Mapping[str, Any], claim: OwnClaim) -> bool:
    known, seen = (np.inf if time is None else time for time in (row["time_h"], claim.time_h))
    same = (row["arm"], row["of"], row["beside"]) == (claim.arm, claim.of, claim.beside)
    return same and (known == seen or abs(known - seen) < SAME_H)


def _held(claim: OwnClaim, row: Mapping[str, Any], k: int) -> dict[str, Any]:
    """Return a row of the table beside what was registered of it."""
    law, values = claim.likelihood, np.array(row["values"])
    at = law.to_link(values, law.n) if isinstance(law, Counts) else law.to_link(values)
    width = 1.06 * float(at.std(ddof=1)) * len(at) ** -0.2 if len(at) > 1 else 0.0  # Silverman1986
    log_score = float(np.logaddexp.reduce(law.log_density(at, width)) - np.log(len(at)))
    drawn = law.draw(np.resize(at, MEASURED), np.random.default_rng(k))
    lo, hi = np.quantile(drawn, ENDS).tolist()
    return {
        "row": claim.id,
        "unit": row["unit"],
        "measured": claim.observed,
        **{name: row[name] for name in ("median", "lo", "hi")},
        "least": lo,
        "most": hi,
        "is_inside": lo <= claim.observed <= hi,
        "log_score": log_score,
    }


def _doubts(found: Mapping[str, Any], data: UserFile, claims: Sequence[OwnClaim]) -> list[str]:
    """Return why the data may have been known before the prediction."""
    changed, registered = os.path.getmtime(data.file), datetime.fromisoformat(found["registered"])
    told, learnt = [], found["learnt"] or {}
    if changed < registered.timestamp():
        day = datetime.fromtimestamp(changed, UTC).isoformat(timespec="seconds")
        was = f"{data.name} was last changed {day}, before {found['registered']}"
        told.append(f"the data are older than the registration: {was}")
    known = {(arm, of, time_h, round(seen, 9)) for arm, of, time_h, seen in learnt.get("rows", ())}
    same = [claim.id for claim in claims if (claim.arm, claim.of, claim.time_h, round(claim.observed, 9)) in known]
    if learnt.get("sha256") == data.sha256:
        told.append(f"the data were part of the fit: it learnt from {data.name}")
    elif same:
        told.append(f"{len(same)} rows were part of the fit, such as {same[0]}")
    return told


def _unregistered(claims: Sequence[OwnClaim], pairs: Sequence[tuple[OwnClaim, Mapping[str, Any]]]) -> list[str]:
    others = [claim.id for claim, row in pairs if not row]
    return [f"{len(others)} of {len(claims)} rows were not registered, such as {others[0]}"] if others else []
