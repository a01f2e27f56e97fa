"""What is told of a fit: what was calibrated, and the parameter set that came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from abm.plot.evidence import conflicts, directions, own_data, spreads
from abm.plot.evidence.found import Found
from abm.plot.page import wording
from abm.plot.page.html import Drawn, Section, Table

HEADER = ("Parameter", "Allowed range", "Best point", "Median (95 %)", "Unit", "Variance fell by")
PAPERS = ("Paper", "Claims inside", "Log score without it", "What its laboratory sees otherwise (95 %)", "k-hat")
PREDICTED = (
    "Each paper is predicted by the model fitted on all others: how many of its numbers lie inside the predicted 95 %, "
    "the logarithm of the probability of what it published, and how far its laboratory is from the model, on the scale "
    "of its claims. Draws with the paper are weighted to be draws without it; where that cannot be trusted (k-hat 0.7 "
    "or more), the parameters were sampled anew without it."
)
LEARNT_FRAC = 0.5  # design: what is told as learnt
ALONE = "There is one paper only, so nothing can foretell it without itself."


def head(found: Found) -> tuple[str, str]:
    """Return title and question."""
    return found["title"] or found["name"], found["question"]


def in_short(found: Found) -> list[str]:
    """Return how much was learnt from what, what was foretold, and whether the model confirms it."""
    n, learnt = len(found["estimates"]), sum(row["shrinkage_frac"] >= LEARNT_FRAC for row in found["estimates"])
    whole = f"{len(found['claims'])} {'rows' if found.get('data') else 'claims'}"
    told = f"learnt from {whole}, {learnt} of {n} parameters lost at least half of their variance"
    claims = [claim for one in found["papers"] for claim in one["claims"]]
    inside = f"{sum(claim['is_inside'] for claim in claims)} of {len(claims)} numbers lie inside their predicted 95 %"
    k_hat = found.get("k_hat")
    trust = f"the model itself {'confirms' if found.get('is_good') else 'has not confirmed'} what its emulators found"
    trust += "" if k_hat is None else f" (k-hat {wording.number(k_hat)}; the fewer draws, the lower it must be)"
    return [told, f"with its paper left out, {inside}" if claims else ALONE, trust]


def sections(found: Found, drawn: Sequence[Drawn]) -> list[Section]:
    """Return what is told of a fit."""
    data = found.get("data")
    evidence = f"{wording.number(found['log_evidence'], 4)} ± {wording.number(found['log_evidence_error'])}"
    whole = f"the {len(found['claims'])} rows of {data['file']}" if data else wording.listing(found["claims"])
    told = [
        f"Learnt from {whole}; seed {found['seed']}.",
        f"{found['n_points']} points of {found['repeats']} runs each; log evidence {evidence}.",
    ]
    estimates = Table([_row(row) for row in found["estimates"]], HEADER)
    papers = [paper_row(one) for one in found["papers"] if one["is_paper"]]
    predicted = ([PREDICTED], [Table(papers, PAPERS)]) if papers else ([ALONE], [])
    return [
        Section("What was calibrated", told, tables=[estimates]),
        *([] if data else [Section("Every paper without itself", predicted[0], tables=predicted[1])]),
        *(_of_own_data(found) if data else []),
        *_said(found),
        Section("Figures", figures=drawn),
        Section("Parameter set", code=(found.folder.path / "parameters.yaml").read_text(encoding="utf-8")),
    ]


def _of_own_data(found: Found) -> list[Section]:
    """Return what is told of rows of one's own: measured and simulated, and each predicted without itself."""
    rows = Section("Every row, measured and simulated", [own_data.seen(found)], tables=[own_data.table(found)])
    left_out = [Section("Predicted without itself", [own_data.EACH], tables=[own_data.left_out(found)])]
    return [rows, *(left_out if found["papers"] else [])]


def _said(found: Found) -> list[Section]:
    """Return what the papers cannot say together, and what they cannot say at all; nothing of a fit before these."""
    told = [kind.seen(found) for kind in (directions, spreads) if kind.applies(found)]
    tables = [spreads.table(found)] if spreads.applies(found) else []
    return [
        *([Section(conflicts.TITLE, [conflicts.seen(found)])] if conflicts.applies(found) else []),
        *([Section("What the data cannot say", told, tables=tables)] if told else []),
    ]


def _row(row: Mapping[str, Any]) -> list[str]:
    spread = f"{wording.number(row['median'])} ({wording.number(row['lo'])}–{wording.number(row['hi'])})"
    learnt = f"{max(0.0, 100 * row['shrinkage_frac']):.0f} %"
    allowed = f"{wording.number(row['lo_prior'])}–{wording.number(row['hi_prior'])}"
    return [row["path"], allowed, wording.number(row["point"]), spread, row["unit"], learnt]


def paper_row(one: Mapping[str, Any]) -> list[str]:
    """Return how a paper that was left out was predicted, a cell for each of `PAPERS`."""
    inside, own = sum(claim["is_inside"] for claim in one["claims"]), one["discrepancy"]
    seen = f"{wording.number(own['mean'])} ({wording.number(own['lo'])} to {wording.number(own['hi'])})"
    k_hat = "unknown" if one["k_hat"] is None else wording.number(one["k_hat"])
    k_hat += ", sampled anew" if one["is_refitted"] else ""
    return [one["paper"], f"{inside} of {len(one['claims'])}", wording.number(one["log_score"]), seen, k_hat]
