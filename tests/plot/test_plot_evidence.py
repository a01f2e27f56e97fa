"""The pages of fits say what the papers can and cannot tell, also those of fits that were not asked yet."""

import json

import numpy as np
import pytest

from abm.plot.evidence import between_groups, conflicts, directions, informs, own_data, posterior, report, spreads
from abm.plot.evidence.found import Found
from abm.plot.page import style
from abm.plot.page.report import render
from tests.plot.studies import CONFLICTS, EVIDENCE, write_evidence

NEW = ("conflicts", "directions", "unknown", "informs", "spreads")


@pytest.fixture
def fitted(tmp_path):
    """Return the function that makes what a fit has found, with other numbers."""

    def make(**others):
        folder = write_evidence(tmp_path, "fit")
        folder.write_json("fit.json", EVIDENCE["fit"] | others)
        return Found(folder.path)

    return make


def test_the_page_of_an_earlier_fit_says_nothing_of_what_it_does_not_know(tmp_path):
    folder = write_evidence(tmp_path, "fit")
    old = {name: value for name, value in EVIDENCE["fit"].items() if name not in NEW}
    (folder.path / "fit.json").write_text(json.dumps(old))
    found = Found(folder.path)
    assert not any(kind.applies(found) for kind in (conflicts, directions, informs, spreads))
    html = render(report, found)
    assert "What was calibrated" in html
    assert "cannot" not in html.replace("that cannot be trusted", "")


def test_the_page_names_papers_that_cannot_be_true_together_or_says_that_there_are_none(fitted):
    html = render(report, fitted())
    assert "Under this model cannot be true together: Kennedy2003 and Golay2003 (−4.2)." in html
    found = fitted(conflicts=[CONFLICTS[0] | {"log_ratio": -1.0, "is_conflict": False}])
    assert "No two papers contradict each other under this model." in render(report, found)
    assert conflicts.TITLE not in render(report, fitted(conflicts=[], informs=[])), "one paper alone"


def test_the_page_says_what_is_known_and_what_is_not(fitted):
    told = directions.seen(fitted())
    assert told.startswith(
        "Best known: x × y^−0.8 (2 % of the prior's variance left); least known: y × x^0.8 (95 % left)"
    )
    assert told.endswith("Nothing is known of nk_cells.per_b_cell, alone or together with others.")
    assert "no parameter of which nothing is known" in directions.seen(fitted(unknown=[]))
    assert informs.seen(fitted()) == "Missed when left out: Kennedy2003 for b_cells.cd20.median (40)."


def test_parts_of_a_spread_are_shares_of_its_variance(fitted):
    found = fitted()
    (row,) = spreads.table(found).rows
    assert row == ["V5", "natural log", "0.4", "25", "19", "6", "50", "0.0316"]
    assert spreads.seen(found) == "The largest part of what is uncertain is discrepancy for V5."


def test_all_is_drawn_of_fourteen_parameters_and_ten_papers(fitted):
    rng = np.random.default_rng(1)
    names = [f"Author{2000 + k}" for k in range(10)]
    pairs = [[a, b] for k, a in enumerate(names) for b in names[k + 1 :]]
    estimate = EVIDENCE["fit"]["estimates"][0]
    found = fitted(
        estimates=[estimate | {"path": f"processes.engagement.name_{k}_per_h"} for k in range(14)],
        conflicts=[{"papers": pair, "log_ratio": -float(k), "is_conflict": k > 2} for k, pair in enumerate(pairs)],
        directions=[{"left": 0.07 * k, "loadings": row.tolist(), "name": "x"} for k, row in enumerate(np.eye(14))],
        informs=[{"paper": name, "rises": rng.random(14).tolist()} for name in names],
    )
    for kind, n_cells in ((conflicts, 45), (directions, 14 * 14), (informs, 140)):
        figure = kind.figure(found)
        assert len(figure.axes[0].texts) == n_cells
        assert style.png(figure, kind.TITLE).startswith(b"\x89PNG")


def test_names_and_ends_of_ten_parameters_do_not_touch(fitted):
    paths = [f"processes.engagement.fc50_v{k:02}_per_cell" for k in range(10)]
    ends = {"lo_prior": 50_000, "hi_prior": 90_000}
    estimates = [EVIDENCE["fit"]["estimates"][0] | ends | {"path": path} for path in paths]
    figure = posterior.figure(fitted(estimates=estimates, shares={path: [0.2, 0.6] for path in paths}))
    figure.draw_without_rendering()
    bottom, left = figure.axes[-10:], [ax for ax in figure.axes if ax.get_ylabel()]
    assert len(left) == 10
    for axes, axis, side in ((bottom, "xaxis", "x"), (left, "yaxis", "y")):
        boxes = [text.get_window_extent() for ax in axes for text in (getattr(ax, axis).label, *_ends(ax, axis))]
        pairs = [(a, b) for k, a in enumerate(boxes) for b in boxes[k + 1 :]]
        assert not [pair for pair in pairs if pair[0].overlaps(pair[1])], side


def _ends(ax, axis):
    return [text for text in getattr(ax, axis).get_ticklabels() if text.get_text()]


X = EVIDENCE["fit"]["estimates"][0]
OWN = {
    "data": {"file": "own.csv", "sha256": "0" * 64},
    "observed": [
        {"id": name, "arm": "low", "of": "lysis", "words": "specific lysis", "time_h": 2.0, "unit": "%", "group": "a"}
        | {"seen": seen, "seen_lo": seen - 4.0, "seen_hi": seen + 4.0, "median": 20.0, "lo": 18.0, "hi": 22.0}
        | {"least": 14.0, "most": 26.0, "is_inside": seen < 26.0}
        for name, seen in (("low 2 h", 21.0), ("low 4 h", 40.0))
    ],
    "groups": {
        "names": ["a", "b"],
        "paths": [X["path"]],
        "another": {X["path"]: {"median": 9e4, "lo": 3e4, "hi": 3e5, "unit": "1", "is_log": True}},
    },
    "estimates": [X, *(X | {"path": f"{X['path']}{end}"} for end in (" between groups (SD of ln)", " of a", " of b"))],
}


def test_the_page_of_data_of_one_s_own_tells_rows_and_groups_and_of_no_paper(fitted):
    found = fitted(**OWN, conflicts=[], informs=[])
    found._values["shares"] = {row["path"]: [0.2, 0.6] for row in found["estimates"]}
    html = render(report, found)
    for words in ("the 1 rows of own.csv", "1 of 2 rows lie where the fitted model expects", "not low 4 h", "outside"):
        assert words in html
    assert "Every paper without itself" not in html
    first = own_data.figure(found).axes[0]
    assert "specific lysis" in (first.get_title(), first.get_title(loc="left"))
    names = [text.get_text() for text in between_groups.figure(found).axes[0].get_yticklabels()]
    assert names == ["a", "b", "population mean", "another group"]
    assert between_groups.seen(found).startswith(
        "Between groups populations.b_cells.cd20.median differs by an SD of its"
    )
    assert not own_data.applies(fitted())
    assert not between_groups.applies(fitted())


def test_each_page_begins_with_three_sentences_from_its_numbers(tmp_path, fitted):
    kept = EVIDENCE["scores"]["claims"][0]
    off = kept | {"id": "B", "role": "goal", "holds": False, "z": -9.0, "text": "half die", "simulated": 7.0}
    left = [{"papers": ["x"], "n_inside": 3, "n_numbers": 4}]
    folder = write_evidence(tmp_path / "scores", "scores")
    folder.write_json("scores.json", EVIDENCE["scores"] | {"claims": [kept, off], "left_out": left})
    first, second, third = report.in_short(Found(folder.path))
    assert first == "1 of 2 claims hold: 1 of 1 fit and 0 of 1 goal."
    assert second.startswith("Furthest off is B (half die): 7")
    assert third == "Of papers left out of the fit 3 of 4 numbers lie inside their predicted 95 %."
    told = report.in_short(fitted(k_hat=0.9, is_good=False))
    assert told[1] == "With its paper left out, 1 of 1 numbers lie inside their predicted 95 %."
    asked = "the fewer draws, the lower it must be"
    assert told[2] == f"The model itself has not confirmed what its emulators found (k-hat 0.9; {asked})."
    compared = report.in_short(Found(write_evidence(tmp_path / "comparison", "comparison").path))
    assert compared[0] == "Of 2 combinations the most probable is IgG: 0.80 (0.64–0.88)."
