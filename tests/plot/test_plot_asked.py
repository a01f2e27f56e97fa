"""What users ask of patients is answered right or wrong, with a figure, from those that claims were scored on."""

import json

import numpy as np
import pytest

from abm.evidence.outcomes import COLUMNS
from abm.plot.evidence import (
    asked_flare,
    asked_prognosis,
    asked_second_course,
    asked_smouldering,
    asked_users,
    asked_viscosity,
    report,
)
from abm.plot.evidence.found import Found
from abm.plot.page.report import render
from tests.plot.studies import EVIDENCE, write_evidence

N = 30
KINDS = (asked_flare, asked_prognosis, asked_second_course, asked_users, asked_viscosity)


@pytest.fixture
def scored(tmp_path):
    """Return the function that makes scores with patients of whom some end points are given."""

    def make(claims=None, **others):
        rank = np.arange(N) / N
        table = {name: rank for name in COLUMNS} | {
            "single.baseline_igm_g_per_L": 10.0 + 60.0 * rank,
            "single.baseline_viscosity_cP": 1.0 + 6.0 * rank,
            "single.first_rise": np.ones(N),
            "single.up_4_months": (rank >= 0.5).astype(float),
            "single.partial": (rank >= 0.5).astype(float),
            "single.best_change_frac": -rank,
            "double.best_change_frac": -rank - 0.2 * (1.0 - rank),
            "double.progressed": np.ones(N),
            "double.time_to_progression_d": 1000.0 - 600.0 * rank + 400.0 * (np.arange(N) % 3),
            "double.follow_up_d": np.full(N, 1800.0),
        }
        folder = write_evidence(tmp_path, "scores")
        told = EVIDENCE["scores"] | ({"claims": claims} if claims else {})
        patients = {name: list(map(float, values)) for name, values in (table | others).items()}
        (folder.path / "scores.json").write_text(json.dumps(told | {"patients": patients}))
        return Found(folder.path)

    return make


def test_a_longer_flare_with_more_igm_is_right_and_the_same_everywhere_is_wrong(scored):
    assert asked_flare.seen(scored()).startswith("Right: the flare lasts longer with more IgM")
    assert asked_flare.seen(scored(**{"single.up_4_months": np.ones(N)})).startswith("Wrong")


def test_a_second_course_is_too_early_where_it_adds_less_to_slow_users(scored):
    assert asked_second_course.seen(scored()).startswith("Right: the second course is too early for slow users")
    late = scored(**{"double.best_change_frac": -1.3 * np.arange(N) / N})
    assert asked_second_course.seen(late).startswith("Wrong")


def test_fast_and_slow_users_are_the_thirds_with_least_and_most_drug_left(scored):
    told = asked_users.seen(scored())
    assert "0.0 % of the fast users respond" in told
    assert "100.0 % of the slow users respond" in told


def test_early_progression_with_much_igm_has_a_hazard_ratio_above_one(scored):
    told = asked_prognosis.seen(scored())
    ratio = float(told.split("IgM above 40 g/L ")[1].split(" ")[0])
    assert ratio > 1.0


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__.rpartition(".")[2])
def test_a_question_of_patients_has_a_figure_with_axes_and_a_sentence(kind, scored):
    found = scored()
    assert kind.applies(found)
    ax = kind.figure(found).axes[0]
    assert ax.get_ylabel()
    assert kind.seen(found).rstrip().endswith(".")


def test_serum_thicker_than_the_scale_is_drawn_at_its_end(scored):
    found = scored(**{"single.baseline_viscosity_cP": np.r_[np.full(N - 1, 3.0), 1e20]})
    ax = asked_viscosity.figure(found).axes[0]
    assert [len(line.get_xdata()) for line in ax.lines[:2]] == [N - 1, 1]
    assert 1000.0 <= ax.get_ylim()[1] < 1e4


def test_untreated_patients_are_drawn_at_the_times_of_their_claims(scored):
    claims = [EVIDENCE["scores"]["claims"][0] | {"id": f"P11-{years}y", "text": f"by {years}", "holds": years > 3}
              for years in (1, 10)]  # fmt: skip
    assert not asked_smouldering.applies(scored())
    found = scored(claims=claims)
    assert asked_smouldering.seen(found) == "Right: by 10 (22 %). Wrong: by 1 (22 %)."
    (ax,) = asked_smouldering.figure(found).axes
    assert sorted(round(float(line.get_xdata()[0])) for line in ax.lines) == [1, 1, 10, 10]


def test_scores_without_patients_are_asked_nothing(tmp_path):
    found = Found(write_evidence(tmp_path, "scores").path)
    assert not any(kind.applies(found) for kind in KINDS)
    assert "What was asked of patients" not in render(report, found)
