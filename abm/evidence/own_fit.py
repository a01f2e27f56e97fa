"""What is told of a fit on one's own observations: each row measured and simulated, and of which table."""

from typing import Any

import numpy as np

from abm.evidence.fit import Problem
from abm.evidence.own_data import OwnClaim
from abm.evidence.posterior import Posterior
from abm.inference.likelihood import Array
from abm.statistics.draws import ENDS
from abm.study.design import Range

SAID = ("arm", "of", "words", "time_h")
STREAM = 7  # of what is drawn as it would be measured


def of_own(problem: Problem, drawn: Posterior, particles: Array) -> dict[str, Any]:
    """Return the table, its rows beside what is simulated, and with groups another one's parameters; for JSON."""
    data, groups = problem.given.data, problem.groups
    found: dict[str, Any] = {"data": {"file": data.name, "sha256": data.sha256} if data else {}}
    if groups:
        own = {problem.ranges[k].path: _another(problem.ranges[k], particles[:, k]) for k in groups.own}
        found["groups"] = {"names": list(groups.names), "paths": list(own), "another": own}
        found["another"] = {own.path: particles[:, k].tolist() for k, own in enumerate(problem.ranges)}
    return found | {"observed": _observed(problem, drawn)}


def _observed(problem: Problem, drawn: Posterior) -> list[dict[str, Any]]:
    values, sds = drawn.emulators.at(drawn.points)
    rng, rows = np.random.default_rng([problem.calibration.seed, STREAM]), []
    for k, claim in enumerate(problem.claims):
        at = rng.normal(values[:, k], sds[:, k])
        true, measured = claim.likelihood.from_link(at), claim.likelihood.draw(at, rng)
        lo, median, hi = np.quantile(true, (ENDS[0], 0.5, ENDS[1])).tolist()
        least, most = np.quantile(measured, ENDS).tolist()
        own = (
            {name: getattr(claim, name) for name in ("arm", "of", "words", "time_h")}
            if isinstance(claim, OwnClaim)
            else {}
        )
        rows.append(
            own
            | {"id": claim.id, "unit": claim.unit}
            | {"group": claim.subject if claim.subject != claim.id else ""}
            | {"seen": claim.observed, "seen_lo": claim.lo, "seen_hi": claim.hi}
            | {"median": median, "lo": lo, "hi": hi, "least": least, "most": most}
            | {"is_inside": least <= claim.observed <= most}
        )  # fmt: skip
    return rows


def _another(own: Range, shares: Array) -> dict[str, Any]:
    """Return the value of a group that nobody has seen, with its 95 % interval."""
    lo, median, hi = (own.number(float(end)) for end in np.quantile(shares, (ENDS[0], 0.5, ENDS[1])))
    return {"median": median, "lo": lo, "hi": hi, "unit": own.unit, "is_log": own.scale == "log"}
