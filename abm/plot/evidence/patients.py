"""What figures of simulated patients share: their end points, thirds of them, and what of the claims came out."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from abm.plot.evidence.found import Found
from abm.plot.page import style, wording

THIRDS = ("lowest third", "middle third", "highest third")
LOOKS = tuple(zip((style.SKY, style.BLUE, style.BLACK), style.MARKERS, strict=False))


def are_there(found: Found) -> bool:
    """Return whether claims were scored on patients that are told one by one."""
    return found.kind == "scores" and bool(found.get("patients"))


def patients(found: Found) -> pd.DataFrame:
    """Return a row for each patient; NaN is what was not observed."""
    return pd.DataFrame(found["patients"], dtype=float)


def thirds(values: pd.Series) -> list[np.ndarray]:
    """Return who is in the lowest, the middle and the highest third of those with a value, three masks."""
    cuts = np.nanquantile(values, (0.0, 1 / 3, 2 / 3, 1.0))
    cuts[-1] = np.inf
    return [((values >= lo) & (values < hi)).to_numpy() for lo, hi in pairwise(cuts)]


def scored(found: Found, ids: str | tuple[str, ...]) -> list[dict[str, Any]]:
    """Return the scores of claims whose identities begin so."""
    return [one for one in found["claims"] if one["id"].startswith(ids)]


def judged(found: Found, ids: str | tuple[str, ...]) -> str:
    """Return in words which of these claims hold and which do not, each with what came out."""
    told = {True: [], False: []}
    for one in scored(found, ids):
        value = f"{wording.number(one['simulated'])} {one['unit']}".removesuffix(" 1")
        told[one["holds"]].append(one["text"] if one["unit"] == "in order" else f"{one['text']} ({value})")
    parts = [f"{word}: {'; '.join(told[key])}." for key, word in ((True, "Right"), (False, "Wrong")) if told[key]]
    return " ".join(parts)
