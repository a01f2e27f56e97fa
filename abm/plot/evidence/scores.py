"""What is told of the evidence: every claim, what was published, what the model gives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from abm.plot.evidence.found import Found
from abm.plot.evidence.groups import about_groups
from abm.plot.page import wording
from abm.plot.page.html import Drawn, Section, Table

ROLES = (
    "Fit: may be calibrated on. Decide: sets the strengths of the four hypotheses and nothing else. Goal: has to come "
    "out of the calibrated model and is never calibrated on. Prediction: only reported, right or wrong."
)
ASKED = "asked_"  # begins the name of a figure of it
OF_PATIENTS = (
    "Simulated patients, seen as trials see theirs, under one course of rituximab or two, or untreated. Right and "
    "wrong is what was said or published, with what the model gives in brackets, as the claims below are judged."
)
HEADER = (
    "Claim",
    "Role",
    "Observed",
    "Published",
    "Simulated (95 %)",
    "z",
    "Verdict",
    "As extreme",
    "Posterior",
    "Source",
)


def head(_found: Found) -> tuple[str, str]:
    """Return title and question."""
    return "Evidence", "Does the model agree with what was measured?"


def in_short(found: Found) -> list[str]:
    """Return how many claims hold, which is furthest off, and how papers that were left out came out."""
    claims = found["claims"]
    by_role = [
        f"{sum(one['holds'] for one in own)} of {len(own)} {role}"
        for role in dict.fromkeys(one["role"] for one in claims)
        for own in [[one for one in claims if one["role"] == role]]
    ]
    told = [f"{sum(one['holds'] for one in claims)} of {len(claims)} claims hold: {wording.listing(by_role)}"]
    wrong = [one for one in claims if not one["holds"]]
    off = max(wrong, key=lambda one: abs(one["z"] or 0.0), default=None)
    told += [f"furthest off is {off['id']} ({off['text']}): {_simulated(off)} against {_published(off)}"] if off else []
    groups = [own for own in found.get("left_out", ()) if own["papers"]]
    inside, n = (sum(own[name] for own in groups) for name in ("n_inside", "n_numbers"))
    foretold = f"of papers left out of the fit {inside} of {n} numbers lie inside their predicted 95 %"
    return [*told, foretold if groups else "no paper was left out, so nothing here was foretold without itself"]


def sections(found: Found, drawn: Sequence[Drawn]) -> list[Section]:
    """Return what is told of the claims."""
    seeds = ", ".join(map(str, found["seeds"]))
    about = f"Parameter set {found['parameters']}; seeds {seeds}; patches × {found['scale']:g}."
    rows = [_row(score) for score in found["claims"]]
    asked = [one for one in drawn if one.name.startswith(ASKED)]
    others = [one for one in drawn if one not in asked]
    return [
        *about_groups(found),
        *([Section("What was asked of patients", [OF_PATIENTS], figures=asked)] if asked else []),
        Section("Published against simulated", [about, ROLES], figures=others),
        Section("Claims", tables=[Table(rows, HEADER, _caption(), look="words")]),
    ]


def _row(score: dict[str, Any]) -> list[str]:
    z = "–" if score["z"] is None else wording.decimal(score["z"])
    verdict = "✓ holds" if score["holds"] else "✗ does not hold"
    share = "–" if score["probability"] is None else wording.decimal(score["probability"])
    trials = "–" if score.get("as_extreme") is None else f"{score['as_extreme']:.2f} of {score['trial']} patients"
    return [
        score["id"],
        score["role"],
        score["text"],
        _published(score),
        _simulated(score),
        z,
        verdict,
        trials,
        share,
        score["source"],
    ]


def _published(score: dict[str, Any]) -> str:
    spread = f"{wording.number(score['observed'])} ({wording.number(score['lo'])}–{wording.number(score['hi'])})"
    return f"{spread} {score['unit']}".removesuffix(" 1")  # a pure number


def _simulated(score: dict[str, Any]) -> str:
    lo, hi = score["interval"]
    spread = f" ({wording.number(lo)}–{wording.number(hi)})" if lo is not None and lo != hi else ""
    return f"{wording.number(score['simulated'])}{spread}"


def _caption() -> str:
    return (
        "A claim holds when the model’s mean lies in the published range; one of a trial, when the published value "
        "lies in the 95 % range of simulated trials of its size. As extreme: share of those trials at least as far out "
        "as the published one, both sides. z: distance from the published value in standard errors of both, the "
        "published range taken as a 95 % interval. Posterior: share of parameter sets drawn from a fit under which the "
        "claim holds."
    )
