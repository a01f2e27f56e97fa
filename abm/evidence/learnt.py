"""What the papers of a fit say, and what they cannot: conflicts, directions, who informs on what, luck apart."""

from collections.abc import Sequence
from dataclasses import asdict
from itertools import combinations
from typing import Any

import numpy as np

from abm.evidence.fit import Problem
from abm.evidence.posterior import Literature, PaperLeftOut, Posterior
from abm.inference.conflict import CONTRADICTS, log_ratios, strict
from abm.inference.emulators import Emulators
from abm.inference.groups import Grouped
from abm.inference.learnt import NOTHING, directions, spread, variance_left
from abm.inference.likelihood import Array
from abm.study.design import Range

IN_A_NAME = 3  # design: more parameters are no name
LEAST = 0.3  # design: of the largest loading, below which a parameter is not named


def learnt(
    problem: Problem, literature: Literature, drawn: Posterior, left_out: Sequence[PaperLeftOut]
) -> dict[str, Any]:
    """Return what is told of a fit beyond its estimates, as JSON can hold it."""
    own = [drawn.emulators.part(columns) for columns in literature.columns]
    of_papers = {} if problem.is_own else {
        "conflicts": _conflicts(literature, own, np.vstack([drawn.points, drawn.runs.x])),
        "informs": _informs(drawn, left_out),
    }  # fmt: skip
    return (
        of_papers
        | {"spreads": _spreads(literature, own, drawn)}
        | _directions(problem.axes, problem.told(drawn.points))
    )


def _conflicts(literature: Literature, own: Sequence[Emulators | Grouped], candidates: Array) -> list[dict[str, Any]]:
    """Return every pair of papers, the worst first."""
    pairs = zip(literature.published, own, strict=True)
    ratios = log_ratios([strict(one.paper, emulators.at) for one, emulators in pairs], candidates)
    names = [one.name for one in literature.published]
    found = [
        {"papers": [names[a], names[b]], "log_ratio": float(ratios[a, b])}
        for a, b in combinations(range(len(names)), 2)
    ]
    found.sort(key=lambda one: one["log_ratio"])
    return [one | {"is_conflict": one["log_ratio"] < CONTRADICTS} for one in found]


def _directions(ranges: Sequence[Range], points: Array) -> dict[str, Any]:
    """Return the directions, the best known first, and the parameters that take part in none that is known."""
    found = directions(points)
    rows = zip(found.left.tolist(), found.loadings, strict=True)
    told = [{"left": left, "loadings": own.tolist(), "name": name_of(ranges, own)} for left, own in rows]
    unknown = [own.path for own, share in zip(ranges, found.learnt, strict=True) if share < NOTHING]
    return {"directions": told, "unknown": unknown}


def name_of(ranges: Sequence[Range], loadings: Array) -> str:
    """Return the name of a direction by its largest loadings.

    Where all that it names are even on the log scale it is a product of powers; otherwise a sum of places in the
    ranges, each on its own scale.
    """
    order = np.argsort(-np.abs(loadings), kind="stable")[:IN_A_NAME]
    main = [int(k) for k in order if abs(loadings[k]) >= LEAST * abs(loadings[order[0]])]
    names = [short(ranges[k].path) for k in main]
    if all(ranges[k].scale == "log" for k in main):
        powers = np.array([loadings[k] / np.log(ranges[k].hi / ranges[k].lo) for k in main])
        parts = zip(names, powers / powers[0], strict=True)
        return " × ".join(f"{name}{_power(power)}" for name, power in parts)
    rest = zip(names[1:], (loadings[main[1:]] / loadings[main[0]]).tolist(), strict=True)
    own = "".join(f" {'−' if share < 0 else '+'} {abs(share):.1f} {name}" for name, share in rest)
    return f"{names[0]}{own}{' (places in their ranges)' if own else ''}"


def short(path: str) -> str:
    """Return a path without the part of a scenario that it stands in."""
    return path.removeprefix("processes.").removeprefix("populations.")


def _power(power: float) -> str:
    text = f"{power:.1f}"
    return "" if text == "1.0" else f"^{text}".replace("-", "−")


def _informs(drawn: Posterior, left_out: Sequence[PaperLeftOut]) -> list[dict[str, Any]]:
    """Return by how much of the prior's variance that of each parameter rises without each paper."""
    left = variance_left(drawn.points)
    return [{"paper": one.published.name, "rises": (one.left - left).tolist()} for one in left_out]


def _spreads(literature: Literature, own: Sequence[Emulators | Grouped], drawn: Posterior) -> list[dict[str, Any]]:
    """Return the variances of the predictions of each claim, and that of one run by its seeds."""
    found = []
    for one, emulators, columns in zip(literature.published, own, literature.columns, strict=True):
        parts = asdict(spread(one.paper, *emulators.at(drawn.points)))
        seeds = drawn.runs.spread[columns] ** 2
        for i, claim in enumerate(one.claims):
            told = {"id": claim.id, "paper": one.name, "scale": claim.likelihood.link, "unit": claim.unit}
            found.append(told | {name: float(part[i]) for name, part in parts.items()} | {"seeds": float(seeds[i])})
    return found
