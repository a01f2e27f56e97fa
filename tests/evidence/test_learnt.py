"""What is told of a fit beyond its estimates, on emulators of laws that are known."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from abm.evidence.claim import chosen
from abm.evidence.emulation import Runs
from abm.evidence.learnt import learnt, name_of
from abm.evidence.papers import Published
from abm.evidence.posterior import Literature, Posterior, without_each
from abm.inference.emulator import Emulator
from abm.inference.emulators import Emulators
from abm.inference.learnt import variance_left
from abm.inference.measured import Normal
from abm.inference.paper import Paper
from abm.study.design import Range

RATE, REPAIR = (
    Range(path=f"processes.killing.{name}_per_h", lo=lo, hi=hi, scale="log")
    for name, lo, hi in (("rate", 1.0, 100.0), ("repair", 0.1, 1.0))
)
SUBSET = Range(path="populations.b_cells.low_fraction", lo=0.0, hi=0.15, scale="linear")


@pytest.mark.parametrize(
    ("loadings", "name"),
    [
        ((0.8, -0.6, 0.0), "killing.rate_per_h × killing.repair_per_h^−1.5"),  # half the range in logarithms: twice
        ((0.6, 0.3, 0.0), "killing.rate_per_h × killing.repair_per_h"),
        ((1.0, 0.1, -0.2), "killing.rate_per_h"),
        ((0.64, 0.1, 0.8), "b_cells.low_fraction + 0.8 killing.rate_per_h (places in their ranges)"),
        ((0.0, -0.64, 0.8), "b_cells.low_fraction − 0.8 killing.repair_per_h (places in their ranges)"),
        ((0.0, 0.1, 1.0), "b_cells.low_fraction"),
    ],
)
def test_a_direction_is_a_product_of_powers_where_ranges_are_logarithmic(loadings, name):
    assert name_of((RATE, REPAIR, SUBSET), np.array(loadings)) == name


class Asked:
    """As much of a problem as is asked for."""

    ranges = axes = (RATE, REPAIR, SUBSET)
    is_own = False
    told = staticmethod(lambda points: points)


def straight(names, runs):
    """Return emulators that are sure of what is nearly straight."""
    lengths, noise = np.full(runs.x.shape[1], 5.0), np.zeros(len(runs.x))
    return Emulators(tuple(names), tuple(Emulator(runs.x, y, noise, lengths, 100.0, 1e-8) for y in runs.y.T))


@pytest.fixture(scope="module")
def found():
    """Return what is told of three papers: the first two see the first parameter alone, and contradict each other."""
    literature = Literature.of(chosen(["V8-lines", "A2", "V5"]))
    x = np.random.default_rng(1).random((60, 3))
    lines, lymphocytes, docked = (claim.likelihood for claim in literature.claims)
    y = np.column_stack([
        lines.seen + 60.0 * (x[:, 0] - 0.1),
        lymphocytes.seen + 60.0 * (x[:, 0] - 0.9),
        float(docked.to_link(docked.seen)) + 0.01 * x[:, 1],
    ])  # fmt: skip
    runs = Runs(x, y, np.array([0.4, 0.2, 0.1]), 2)
    points = np.random.default_rng(2).random((400, 3)) * np.array([0.1, 1.0, 1.0]) + np.array([0.45, 0.0, 0.0])
    drawn = Posterior(points, straight([claim.id for claim in literature.claims], runs), None, None, runs)
    left = [variance_left(points) + 0.1 * k for k in range(3)]
    left_out = [SimpleNamespace(published=one, left=own) for one, own in zip(literature.published, left, strict=True)]
    return learnt(Asked, literature, drawn, left_out), literature


def test_what_is_left_without_a_paper_is_what_the_other_knows():
    """Two papers measure one parameter; weights leave out the first, and the second, which tells more, a new sample.

    With standard deviations of 0.1 and 0.04 of the range, the shares left are 12 times the others' variances.
    """
    rng, n, both = np.random.default_rng(3), 10_000, (0.1**-2 + 0.04**-2) ** -0.5
    pairs = zip(chosen(["A1", "A2"]), (1.0, 0.4), strict=True)
    claims = [replace(claim, likelihood=Normal(0.0, sd)) for claim, sd in pairs]
    published = tuple(Published(claim.id, (claim,), Paper((claim.likelihood,), 0.0)) for claim in claims)
    x = rng.random((40, 2))
    runs = Runs(x, 10.0 * (x[:, [0, 0]] - 0.5), np.zeros(2), 2)
    at = {sd: np.column_stack([rng.normal(0.5, sd, n), rng.random(n)]) for sd in (both, 0.1)}
    drawn = Posterior(at[both], straight(["A1", "A2"], runs), None, None, runs)
    anew = SimpleNamespace(equal=lambda n, seed: at[0.1])
    first, second = without_each(Literature(tuple(claims), published), drawn, lambda others: anew, 1)
    assert (first.is_refitted, second.is_refitted) == (False, True)
    assert first.left == pytest.approx([12 * 0.04**2, 1.0], rel=0.05)
    assert second.left == pytest.approx([12 * 0.1**2, 1.0], rel=0.05)


def test_the_pair_that_contradicts_is_named_first_and_no_other(found):
    told, _ = found
    assert [one["is_conflict"] for one in told["conflicts"]] == [True, False, False]
    assert told["conflicts"][0]["papers"] == ["Golay2003", "A2"]
    assert told["conflicts"][0]["log_ratio"] < -20.0
    assert told["conflicts"][1]["log_ratio"] == pytest.approx(0.0, abs=0.01)


def test_the_known_parameter_is_the_first_direction_and_the_others_are_unknown(found):
    told, _ = found
    assert told["directions"][0]["name"] == "killing.rate_per_h"
    assert told["directions"][0]["left"] == pytest.approx(0.01, rel=0.2)
    assert told["unknown"] == [REPAIR.path, SUBSET.path]


def test_what_a_paper_informs_on_is_the_rise_without_it(found):
    told, literature = found
    assert [one["paper"] for one in told["informs"]] == [one.name for one in literature.published]
    for k, one in enumerate(told["informs"]):
        assert one["rises"] == pytest.approx([0.1 * k] * 3, abs=1e-9)


def test_the_spread_of_a_claim_has_the_parts_that_are_known(found):
    told, _ = found
    lines, _, docked = told["spreads"]
    assert [one["id"] for one in told["spreads"]] == ["V8-lines", "A2", "V5"]
    assert lines["parameters"] == pytest.approx((60.0 * 0.1) ** 2 / 12.0, rel=0.15)
    assert lines["seeds"] == pytest.approx(0.16)
    assert docked["scale"] == "log"
    assert docked["discrepancy"] == 0.25
    assert docked["parameters"] < 1e-4
