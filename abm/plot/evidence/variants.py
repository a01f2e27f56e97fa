"""What is told of variants compared: what each changes, which is preferred and how strongly, and what they foretell."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from abm.plot.evidence.found import Found
from abm.plot.page import wording
from abm.plot.page.html import Drawn, Section, Table

GRADES = ((3.0, "barely"), (20.0, "positive"), (150.0, "strong"), (math.inf, "very strong"))  # Kass1995
COMPARED = (
    "Each variant is a fit of its own to the same claims, or where it only has something off a part of the "
    "calibration's fit, whose k-hat it shares; all are equally probable beforehand. The evidence is the "
    "probability of what was published or measured, averaged over all that a variant leaves free: one with more "
    "freedom pays for it. Bayes factors up to 3 are barely worth a mention, to 20 positive, to 150 strong, above "
    "very strong (Kass and Raftery 1995); where a simpler variant is within a factor 3 of the best, it is to be "
    "preferred."
)

FORETOLD = (
    "Logarithm of the probability of what a paper published, or a row or group of a table has, under the variant "
    "fitted on all others; the most is best."
)
ALONE = "There is one only, so nothing can foretell it without itself."
HEADER = (
    *("Variant", "Free", "Log evidence", "Probability (95 %)", "Bayes factor against the best (95 %)"),
    *("against the first (95 %)", "k-hat"),
)


def head(found: Found) -> tuple[str, str]:
    """Return title and question."""
    return found["title"] or found["name"], found["question"]


def sections(found: Found, drawn: Sequence[Drawn]) -> list[Section]:
    """Return what is told of a comparison of variants."""
    said = [
        f"Variants of {found['calibration']}, learnt from {wording.listing(found['claims'])}.",
        COMPARED,
    ]
    changes = Table([[own["name"], _changes(own), own["fit"]] for own in found["variants"]],
                    ["Variant", "What it changes in the calibration", "Fit"], look="words")  # fmt: skip
    evidence = Table([_row(own) for own in ranked(found)], HEADER, "Natural logarithms with standard deviations.")
    return [
        Section("What was compared", said, tables=[changes]),
        Section("Figures", figures=drawn),
        Section("Evidence", tables=[evidence]),
        _foretold(found),
    ]


def ranked(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the variants, that of greatest evidence first."""
    return sorted(found["variants"], key=lambda own: -own["log_evidence"])


def grade(factor: float) -> str:
    """Return how strongly a Bayes factor above 1 speaks."""
    return next(words for most, words in GRADES if factor <= most)


def in_short(found: Found) -> list[str]:
    """Return which variant is preferred, over which others and how strongly, and what that rests on."""
    best, *others = ranked(found)
    own = next(one for one in found["variants"] if one["name"] == found["preferred"])
    parts = [f"{one['name']} {_against(one)}" for one in others]
    told = [f"The evidence is greatest for {best['name']}; so many times less likely are {wording.listing(parts)}"]
    if own is not best:
        fewer = best["n_free"] - own["n_free"]
        told.append(
            f"Preferred is {own['name']}: it leaves {fewer} {'parameters' if fewer > 1 else 'parameter'} less free "
            "and is within a factor 3 of the best"
        )
    else:
        told.append(f"Preferred is {best['name']}; over {others[0]['name']}, the next, {_strength(others[0])}")
    weak = [one["name"] for one in found["variants"] if not one["is_good"]]
    if weak:
        text = f"The model itself has not confirmed the emulators' posterior of {wording.listing(weak)}"
        told.append(f"{text}: what is said of {'it' if len(weak) == 1 else 'them'} is to be taken with care")
    return told


def factor(one: Mapping[str, float]) -> str:
    """Return a Bayes factor with its interval."""
    if one["lo"] == one["hi"] == 1.0:
        return "1"
    return f"{wording.number(one['bayes_factor'])} ({wording.number(one['lo'])}–{wording.number(one['hi'])})"


def upside_down(one: Mapping[str, float]) -> tuple[float, float, float]:
    """Return the Bayes factor of the other against one, with its interval."""
    return 1.0 / one["bayes_factor"], 1.0 / one["hi"], 1.0 / one["lo"]


def _against(one: Mapping[str, Any]) -> str:
    value, lo, hi = map(wording.number, upside_down(one["against_best"]))
    return f"{value} ({lo}–{hi}; {grade(1.0 / one['against_best']['bayes_factor'])})"


def _strength(one: Mapping[str, Any]) -> str:
    return {"barely": "it is barely preferred"}.get(
        word := grade(1.0 / one["against_best"]["bayes_factor"]), f"the evidence is {word}"
    )


def _changes(own: Mapping[str, Any]) -> str:
    parts = [f"{path} = {'none' if value is None else value}" for path, value in own["set"].items()]
    for path, (lo, hi, unit) in own["free"].items():
        parts.append(f"{path} free from {wording.number(lo)} to {wording.number(hi)} {unit}".rstrip())
    parts += [f"{path} not free" for path in own["fixed"]]
    parts += [f"no {path}" for path in own.get("off", ())]
    return "; ".join(parts) or "nothing"


def _row(own: Mapping[str, Any]) -> list[str]:
    evidence = f"{wording.decimal(own['log_evidence'])} ± {wording.decimal(own['error'])}"
    ends = f"{wording.decimal(own['lo'], 3)}–{wording.decimal(own['hi'], 3)}"
    k_hat = "unknown" if own["k_hat"] is None else wording.number(own["k_hat"], 2)
    return [
        *(own["name"], str(own["n_free"]), evidence, f"{wording.decimal(own['probability'], 3)} ({ends})"),
        *(factor(own["against_best"]), factor(own["against_first"])),
        k_hat if own["is_good"] else f"{k_hat}: not confirmed by the model",
    ]


def _foretold(found: Found) -> Section:
    title = "Each predicted without itself"
    return Section(title, [FORETOLD], tables=[_papers(found)]) if found["papers"] else Section(title, [ALONE])


def _papers(found: Found) -> Table:
    rows = [[one["paper"], *map(wording.decimal, one["log_scores"])] for one in found["papers"]]
    each = found["variants"]
    rows.append(["mean", *(wording.decimal(own["mean_log_score"]) for own in each)])
    rows.append(["numbers inside the predicted 95 %", *(f"{own['n_inside']} of {own['n_numbers']}" for own in each)])
    return Table(rows, ["Left out", *(own["name"] for own in each)])
