"""The published observations hold under the calibrated parameter set, at full size (minutes; stated seeds)."""

import pytest

from abm.evidence.claim import claims
from abm.evidence.lab import Lab
from abm.evidence.score import score
from abm.results.study import StudyFolder
from abm.study.execute import local
from abm.study.jobs import Monitor

pytestmark = pytest.mark.verification
WORKERS = 2
IDS = [claim.id for claim in claims("assay")]


@pytest.fixture(scope="module")
def scores(tmp_path_factory):
    """Every claim over five seeds."""
    lab = Lab(StudyFolder(tmp_path_factory.mktemp("evidence")), local(WORKERS), Monitor())
    return {one.id: one for one in score(claims("assay"), lab, seeds=range(1, 6))}


@pytest.mark.parametrize("name", IDS)
def test_a_claim_holds(scores, name):
    found = scores[name]
    assert found.holds, f"{found.simulated} {found.interval}, published {found.lo} to {found.hi}"


PATIENT_IDS = [claim.id for claim in claims("patient") if claim.role in ("fit", "goal")]


@pytest.fixture(scope="module")
def trials(tmp_path_factory):
    """What may be calibrated on, and the goals, over a hundred patients."""
    lab, asked = Lab(StudyFolder(tmp_path_factory.mktemp("trials")), local(WORKERS), Monitor()), claims("patient")
    asked = [claim for claim in asked if claim.id in PATIENT_IDS]
    return {one.id: one for one in score(asked, lab, seeds=[1, 2], scale=0.5)}


@pytest.mark.parametrize("name", PATIENT_IDS)
def test_a_published_trial_is_one_of_many_simulated_ones(trials, name):
    found = trials[name]
    assert found.holds, f"{found.simulated} {found.interval}, published {found.observed}"
