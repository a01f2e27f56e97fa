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
