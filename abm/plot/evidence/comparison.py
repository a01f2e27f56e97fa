"""What is told of hypotheses compared: the combinations, each hypothesis, what they hang on, and the experiments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from abm.plot.evidence import experiments
from abm.plot.evidence.found import Found
from abm.plot.page import wording
from abm.plot.page.html import Drawn, Section, Table

LOG = "log evidence"
WIDTHS = {0.5: "strengths: half the range", 2.0: "strengths: twice the range"}
HANGS = (
    "Each row weighs the hypotheses anew. Half the range: by the draws in its lower half. Twice the range: by the "
    "volume alone, as if nothing were likely beyond. Without a paper: by weights of the draws; where their k-hat is "
    "bad, in any combination, the row is not to be trusted."
)
EXPECTED = (
    "Bits that an arm of the panel is expected to tell about which combination is true, beyond what is known by now. "
    "Enough: the fewest replicates asked about that tell half of what there is."
)


def head(found: Found) -> tuple[str, str]:
    """Return title and question."""
    return found["title"] or found["name"], found["question"]


def in_short(found: Found) -> list[str]:
    """Return what is most probable, how probable each hypothesis is, and which experiment tells most."""
    best, n = ranked(found)[0], len(found["combinations"])
    told = [f"of {n} combinations the most probable is {in_words(found, best['on'])}: {share(best)}"]
    told.append(f"probability that a hypothesis is on: {wording.listing(marginal(found))}")
    return [*told, experiments.seen(found) if found["experiments"] else "no experiment was weighed"]


def sections(found: Found, drawn: Sequence[Drawn]) -> list[Section]:
    """Return what is told of a comparison."""
    said = [
        f"Emulators learnt {wording.listing(found['claims'])}, and {wording.listing(found['decide'])} which decides, "
        f"from {found['n_points']} points of {found['repeats']} runs each. Nested sampling gave the evidence of every "
        f"combination from the former, with all other parameters free; what decides weighed {found['n_draws']} draws "
        "of each, which otherwise stay as they are. Before, all combinations are equally probable.",
    ]
    rows = [_row(found, one) for one in ranked(found)]
    header = ["Hypotheses on", f"{LOG} of the papers", f"{LOG} with what decides", "Probability (95 %)"]
    return [
        Section("What was compared", said),
        Section("Figures", figures=drawn),
        Section("Combinations", tables=[Table(rows, header, "Natural logarithms with their standard deviations.")]),
        Section("What the Bayes factors hang on", [HANGS], tables=[_hanging(found)]),
        *([Section("Experiments", [EXPECTED], tables=[_experiments(found)])] if found["experiments"] else []),
    ]


def ranked(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the combinations, the most probable first, and of those as probable the simplest."""
    return sorted(found["combinations"], key=lambda own: (-own["probability"], len(own["on"])))


def in_words(found: Found, on: Sequence[str]) -> str:
    """Return what a combination is called in figures."""
    return " + ".join(found["words"][name] for name in on) or "none"


def share(one: Mapping[str, Any]) -> str:
    """Return the probability of a combination with its interval."""
    return f"{wording.decimal(one['probability'])} ({wording.decimal(one['lo'])}–{wording.decimal(one['hi'])})"


def marginal(found: Found) -> list[str]:
    """Return how probable each hypothesis is."""
    own = found["hypotheses"]
    return [f"{words} {wording.decimal(own[name]['probability'])}" for name, words in found["words"].items()]


def factor(one: Mapping[str, float]) -> str:
    """Return a Bayes factor with its interval."""
    return f"{wording.number(one['bayes_factor'])} ({wording.number(one['lo'])}–{wording.number(one['hi'])})"


def _row(found: Found, one: Mapping[str, Any]) -> list[str]:
    pairs = (("log_evidence", "error"), ("log_decided", "error_decided"))
    logs = [f"{wording.decimal(one[name])} ± {wording.decimal(one[error])}" for name, error in pairs]
    return [in_words(found, one["on"]), *logs, share(one)]


def _hanging(found: Found) -> Table:
    rows = [["as asked", *map(factor, found["hypotheses"].values()), ""]]
    for one in found["priors"]:
        rows.append([WIDTHS[one["width"]], *map(factor, one["hypotheses"].values()), ""])
    for one in found["papers"]:
        k_hat = "" if one["paper"] in found["decide"] else wording.number(one["k_hat"], 2)
        marked = k_hat if one["is_good"] else f"{k_hat}: not to be trusted"
        rows.append([f"without {one['paper']}", *map(factor, one["hypotheses"].values()), marked])
    header = ["Bayes factors, on against off (95 %)", *found["words"].values(), "k-hat"]
    return Table(rows, header)


def _experiments(found: Found) -> Table:
    all_arms = {"arm": "all of them together"} | found["together"]
    rows = [
        [
            experiments.labelled(one),
            *(wording.decimal(bits, 3) for bits in one["bits"]),
            str(one["needed"] or wording.MISSING),
        ]
        for one in [*found["experiments"], all_arms]
    ]
    replicates = [f"bits, {n} replicate{'s' * (n > 1)}" for n in found["replicates"]]
    note = f"There are {wording.decimal(found['most_bits'])} bits to tell."
    return Table(rows, ["Arm", *replicates, "Enough"], note)
