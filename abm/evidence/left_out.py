"""The papers of a group, each predicted by the model fitted on all others, beside what holds in the sample."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from abm.core.errors import Fault, InputError
from abm.evidence.claim import Claim
from abm.evidence.fit import Problem
from abm.evidence.score import Score

FEWEST = 2  # papers of which one can be left out


def by_group(problems: Sequence[Problem], groups: Collection[str]) -> dict[str, Problem]:
    """Return calibrations by the group of their claims.

    Raises
    ------
    InputError
        One is of a group that is not among those, or two are of one group.
    """
    found: dict[str, Problem] = {}
    faults = []
    for problem in problems:
        group, option = problem.claims[0].group, f"--leave-one-out {problem.given.document.file}"
        if group not in groups:
            text = f"the calibration is for claims of the group {group}: none was asked for"
            faults.append(Fault(text, file=option, allowed=f"a calibration of the group {' or '.join(groups)}"))
        elif group in found:
            text = f"a second calibration of the group {group}"
            faults.append(Fault(text, file=option, allowed="one calibration of each group"))
        else:
            found[group] = problem
    if faults:
        raise InputError(*faults)
    return found


def papers_of(problem: Problem) -> set[str]:
    """Return the papers that a calibration learns from; what the model was built for is none."""
    return {claim.paper for claim in problem.claims if claim.paper}


def can_be_left_out(problem: Problem) -> bool:
    """Return whether there is another paper that foretells each."""
    return len(papers_of(problem)) >= FEWEST


def told(problem: Problem, found: Mapping[str, Any], scores: Sequence[Score]) -> dict[str, Any]:
    """Return how the papers of a group were foretold, as JSON can hold it.

    Parameters
    ----------
    problem : Problem
        The calibration.
    found : mapping
        What it found, as :func:`abm.evidence.calibrate.calibrate` returns it; empty where no paper can be left out.
    scores : sequence of Score
        Of the group's claims in the sample; those of the calibration's papers are counted.
    """
    known = {claim.id: claim for claim in problem.claims if claim.paper}
    holds = [one.holds for one in scores if one.id in known]
    papers = [one for one in found.get("papers", ()) if one["is_paper"]]
    numbers = [own for one in papers for own in one["claims"]]
    widths = [width for own in numbers if (width := _rel_width(known[own["id"]], own)) is not None]
    return {
        "group": problem.claims[0].group,
        "calibration": problem.calibration.name,
        "n_papers": len(papers_of(problem)),
        "n_scored": len(holds),
        "n_hold": sum(holds),
        "n_numbers": len(numbers),
        "n_inside": sum(own["is_inside"] for own in numbers),
        "log_score": float(np.mean([one["log_score"] for one in papers])) if papers else None,
        "rel_width": float(np.median(widths)) if widths else None,
        "n_refitted": sum(one["is_refitted"] for one in papers),
        "k_hat": found.get("k_hat"),
        "is_good": found.get("is_good"),
        "papers": papers,
    }


def _rel_width(claim: Claim, own: Mapping[str, Any]) -> float | None:
    """Return the predicted 95 % over the published range; none where they are of different things."""
    return None if claim.at or claim.lo >= claim.hi else (own["hi"] - own["lo"]) / (claim.hi - claim.lo)
