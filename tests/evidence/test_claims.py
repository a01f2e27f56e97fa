"""Every claim that ships is complete, its experiments can be built, and its role is respected."""

import math

import pytest

from abm.core.errors import InputError
from abm.evidence.claim import HYPOTHESES, ROLES, chosen, claims, refuse_roles
from abm.evidence.score import PARAMETERS, Jobs, _score
from abm.scenario.build import wells
from abm.scenario.from_file import load_scenario
from abm.scenario.references import references
from abm.study.rows import as_base, scenario_at

ALL = claims()
BASE = as_base(load_scenario(PARAMETERS))
each = pytest.mark.parametrize("claim", ALL, ids=lambda claim: claim.id)
STRENGTHS = [path for paths in HYPOTHESES.values() for path in paths]


def test_identities_are_unique_and_all_assay_claims_are_there():
    ids = [claim.id for claim in ALL]
    assert len(set(ids)) == len(ids)
    assert {claim.id.split("-")[0] for claim in claims("assay")} == {
        *("A1", "A2", "A3", "A4", "A5"),
        *("V1", "V2", "V5", "V7", "V8", "V11", "V13", "V15"),
    }


@each
def test_a_claim_is_complete(claim):
    assert claim.role in ROLES
    assert claim.lo <= claim.observed <= claim.hi
    assert claim.sd > 0
    assert claim.text
    assert claim.unit
    parts = [part.strip() for part in claim.source.split(";")]
    assert all(p in references() or p.startswith(("assumed: ", "design: ")) for p in parts), claim.source


@each
def test_its_experiments_are_scenarios_with_the_density_of_a_full_well(claim):
    jobs = Jobs(BASE, {}, 0.3).of(claim, seed=1)
    assert jobs
    assert list(jobs) == list(Jobs(BASE, {}, 1.0).of(claim, seed=1))
    for job in jobs.values():
        scenario = scenario_at(job.base, job.point, job.seed)
        assert wells(scenario)
        density = scenario.populations.b_cells.n / scenario.space.volume
        assert density == pytest.approx(10_000 / 200.0)


@each
def test_its_own_conditions_go_before_a_fit_s(claim):
    theta = {"duration": "1 min", "populations.b_cells.cd20.median": 1.0}
    for name, job in Jobs(BASE, theta, 0.3).of(claim, seed=1).items():
        own = Jobs(BASE, {}, 0.3).of(claim, seed=1)[name].point
        assert own.items() <= job.point.items()


def test_goals_and_predictions_are_never_calibrated_on():
    for claim in ALL:
        if claim.role in ("goal", "prediction"):
            with pytest.raises(InputError, match=f"{claim.id} is a {claim.role}: never calibrated on"):
                refuse_roles([claim], STRENGTHS)


def test_what_decides_sets_the_strengths_of_the_hypotheses_and_nothing_else():
    (decides,) = chosen(["A3"])
    refuse_roles([decides], STRENGTHS)
    with pytest.raises(
        InputError, match=r"A3 decides between hypotheses: it cannot set processes\.killing\.rate_per_h"
    ):
        refuse_roles([decides], [*STRENGTHS, "processes.killing.rate_per_h"])


def test_an_unknown_claim_or_group_is_named_with_the_nearest():
    with pytest.raises(InputError, match=r"no claim 'V7-VW'.*did you mean 'V7-VV'"):
        chosen(["V7-VW"])
    with pytest.raises(InputError, match=r"no group 'asay'.*did you mean 'assay'"):
        claims("asay")


def test_a_score_is_the_distance_in_standard_errors_of_both():
    (claim,) = chosen(["A1"])
    found = _score(claim, [18.0, 20.0, 22.0])
    error = math.sqrt(4.0 / 3.0)
    assert found.simulated == 20.0
    assert found.interval == pytest.approx((20.0 - 4.302653 * error, 20.0 + 4.302653 * error))
    assert found.z == 0.0
    assert found.holds
    above = _score(claim, [26.0, 26.0])
    assert above.z == pytest.approx(6.0 / claim.sd)
    assert not above.holds
    assert not _score(claim, [20.0, math.nan]).holds
