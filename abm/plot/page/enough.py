"""Whether there are enough replicates, in one sentence: how wide intervals are, and what half of that would take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from abm.plot import arms
from abm.plot.page import wording
from abm.plot.page.html import Table
from abm.results.run import Run
from abm.statistics.enough import enough

FEWEST = 3  # design: two do not tell how far replicates differ


def table(run: Run, whose: str) -> list[Table]:
    """Return the sentence as a row of its own below the key numbers; nothing where there is nothing to tell."""
    rows = [["Precision", text] for text in sentences(run, whose)]
    rows += [["Stopped", text] for text in stopped(run)]
    return [Table(rows, look="facts")] if rows else []


def stopped(run: Run) -> list[str]:
    """Return when the wells of each arm were stopped, where a condition was stated."""
    asked = run.summary().get("stopped")
    if not isinstance(asked, Mapping):
        return []
    parts = []
    for arm in arms.treated(run):
        known = [t for t in asked["at_h"].get(arm, ()) if t is not None]
        when = f"after {'–'.join(dict.fromkeys(f'{t:.3g}' for t in (min(known), max(known))))} h" if known else "never"
        parts.append(f"{arms.quoted(arm)} {len(known)} of {len(asked['at_h'].get(arm, ()))} {when}")
    return [
        f"Wells end with the first count at which {asked['until']}: {wording.listing(parts)}. Survival is against the "
        "control at that moment; curves end where the first replicate does."
    ]


def sentences(run: Run, whose: str) -> list[str]:
    """Return what a report says of the number of replicates, which are ``whose``, such as ``replicates``."""
    asked = run.summary().get("precise_to")
    if isinstance(asked, Mapping):
        return [_reached(one, asked["at_most"], whose) for one in asked["measures"].values() if one["is_reached"]]
    n, found = arms.n_replicates(run), max(_halves(run), default=None)
    needed = enough(n, found[0], found[0] / 2.0) if found and n >= FEWEST else None
    if needed is None:
        return []
    half, words, arm = found
    return [
        f"The widest interval of {words}, over {n:,} {whose}, is ± {wording.number(100.0 * half)} percentage points "
        f"({arms.quoted(arm)}); half of that would take about {_about(needed)} {whose}."
    ]


def _reached(one: Mapping[str, Any], at_most: int, whose: str) -> str:
    """Return how many were run until a measure was known as precisely as was wanted."""
    known, wanted = (
        f"± {wording.number(one['factor'] * one[key])} {one['unit']}".rstrip() for key in ("half", "wanted")
    )
    needed = enough(one["n"], one["half"], one["half"] / 2.0)
    more = f"; half of that would take about {_about(needed)}" if needed else ""
    what = wording.sentence(one["words"]).removesuffix(".")
    return (
        f"{what} was wanted to {wanted} in every arm: {one['n']:,} {whose}, of at most {at_most:,}, "
        f"were run until the widest interval ({arms.quoted(one['arm'])}) was {known}{more}. An "
        "interval at which a run stops holds the truth 93 times in 100 rather than 95."
    )


def _halves(run: Run) -> Iterator[tuple[float, str, str]]:
    """Yield half the width of each interval of survival, or of a share of patients, what it is of, and the arm."""
    for arm, own in run.summary().get("arms", {}).items():
        shares = own.get("shares")
        told = shares if isinstance(shares, Mapping) else {"survival": own.get(arms.survival_name(run, arm))}
        for found in told.values():
            lo, hi = (found.get(end) if isinstance(found, Mapping) else None for end in ("lo", "hi"))
            if lo is not None and hi is not None:
                yield (hi - lo) / 2.0, "a share" if isinstance(shares, Mapping) else "survival", arm


def _about(n: int) -> str:
    """Return a number of replicates to two figures: more nobody knows."""
    return f"{float(f'{n:.2g}'):,.0f}"
