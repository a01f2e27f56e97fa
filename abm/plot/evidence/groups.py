"""What is told of groups whose papers were left out: how right the model is in the sample and out of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from abm.plot.evidence import fit
from abm.plot.evidence.found import Found
from abm.plot.page import wording
from abm.plot.page.html import Section, Table

HEADER = ("Group", "In the sample", "Paper left out", "Log score", "Width", "Refitted")
CAPTION = (
    "In the sample: claims of these papers that hold under the parameter set. Paper left out: published numbers inside "
    "the 95 % predictive interval of the fit on all other papers. Log score: mean per paper. Width: median of the "
    "predictive interval over the claim’s own published range (1: as sharp as what was published), where both are of "
    "the same quantity. Refitted: papers for which the parameters were sampled anew."
)
MARKDOWN = ("paper", "published numbers inside", "log score", "misses")


def about_groups(found: Found) -> list[Section]:
    """Return what is told of them; nothing where no paper was to be left out."""
    groups = found.get("left_out", ())
    if not groups:
        return []
    doubts = [
        f"✗ The fit of the group {own['group']} is not yet right on the model itself: k-hat "
        f"{'unknown' if own['k_hat'] is None else wording.number(own['k_hat'])}."
        for own in groups
        if own["is_good"] is False
    ]
    papers = [fit.paper_row(one) for own in groups for one in own["papers"]]
    tables = [Table([_row(own) for own in groups], HEADER, CAPTION)]
    tables += [Table(papers, fit.PAPERS)] if papers else []
    return [Section("Every paper without itself", [fit.PREDICTED, *doubts], tables=tables)]


def _row(own: Mapping[str, Any]) -> list[str]:
    holds = f"{own['n_hold']} of {own['n_scored']} hold"
    if not own["papers"]:
        alone = "one paper only" if own["n_papers"] else "no paper"
        return [own["group"], holds, f"{alone}: it cannot be left out" if own["n_papers"] else alone, "–", "–", "–"]
    inside = f"{own['n_inside']} of {own['n_numbers']} inside"
    width = "–" if own["rel_width"] is None else wording.decimal(own["rel_width"])
    refitted = f"{own['n_refitted']} of {own['n_papers']} papers"
    return [own["group"], holds, inside, wording.decimal(own["log_score"]), width, refitted]


def markdown(found: Mapping[str, Any]) -> str:
    """Return the papers that were left out as a table in Markdown, each group under its sum.

    Parameters
    ----------
    found : mapping
        What ``scores.json`` says; without papers left out the table is empty.
    """
    rows: list[Sequence[str]] = [MARKDOWN, ["---"] * len(MARKDOWN)]
    for own in found.get("left_out", ()):
        if own["papers"]:
            inside = f"**{own['n_inside']} of {own['n_numbers']}**"
            rows.append([f"**{own['group']}**", inside, f"{own['log_score']:.2f} per paper", ""])
        else:
            rows.append([f"**{own['group']}**", "cannot be left out", "", ""])
        rows += [_paper(one) for one in own["papers"]]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _paper(one: Mapping[str, Any]) -> list[str]:
    missed = [claim["id"] for claim in one["claims"] if not claim["is_inside"]]
    inside = f"{len(one['claims']) - len(missed)} of {len(one['claims'])}"
    return [one["paper"], inside, f"{one['log_score']:.2f}", ", ".join(missed)]
