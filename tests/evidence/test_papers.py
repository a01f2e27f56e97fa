"""Claims with one laboratory have one discrepancy; what no paper stands behind has none."""

from dataclasses import replace

import numpy as np
import pytest

from abm.core.errors import InputError
from abm.evidence.claim import chosen, claims
from abm.evidence.papers import papers
from abm.inference.paper import TAU_SCALE


def test_claims_are_grouped_by_paper_in_the_order_they_were_given():
    found = papers(chosen(["V8-lines", "A1", "V7-VV", "V8-primary", "A2", "V7-FF"]))
    assert {name: [claim.id for claim in one.claims] for name, one in found.items()} == {
        "Golay2003": ["V8-lines", "V8-primary"],
        "A1": ["A1"],
        "DallOzzo2004": ["V7-VV", "V7-FF"],
        "A2": ["A2"],
    }
    assert all(one.name == name for name, one in found.items())


def test_every_claim_with_a_likelihood_is_in_one_paper():
    told = [claim for claim in claims() if claim.likelihood]
    found = papers(told)
    assert sorted(claim.id for one in found.values() for claim in one.claims) == sorted(claim.id for claim in told)
    for one in found.values():
        assert one.paper.claims == tuple(claim.likelihood for claim in one.claims)
        assert {claim.paper for claim in one.claims} in ({one.name}, {""})


def test_what_no_paper_stands_behind_has_no_discrepancy():
    found = papers(chosen(["A1", "V5"]))
    assert (found["A1"].paper.tau_scale, found["Kennedy2003"].paper.tau_scale) == (0.0, TAU_SCALE)
    alone, (claim,) = found["A1"].paper, found["A1"].claims
    at = np.array([[14.0], [20.0]])
    np.testing.assert_allclose(alone.log_likelihood(at), claim.likelihood.log_density(at[:, 0]))


def test_a_claim_without_likelihood_is_refused_with_those_that_tell_its_data():
    with pytest.raises(InputError) as raised:
        papers([*chosen(["V7-VV", "V7-ratio", "P3-PR"]), replace(chosen(["V5"])[0], likelihood=None)])
    assert "V7-ratio has no likelihood: its data are told by V7-VV, V7-FF" in str(raised.value)
    assert "P3-PR has no likelihood: its data are told by P3-low, P3-high" in str(raised.value)
    assert "V5 has no likelihood; allowed: a claim that says how it was measured" in str(raised.value)
