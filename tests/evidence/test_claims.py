"""Every claim that ships is complete, its experiments can be built, and its role is respected."""

import math
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

from abm.core.errors import InputError
from abm.core.units import parse_quantity
from abm.evidence.claim import ROLES, Case, chosen, claims, refuse_roles
from abm.evidence.hypotheses import strengths
from abm.evidence.score import PARAMETERS, Jobs, _score, _score_trial, probabilities
from abm.inference.measured import Interval
from abm.scenario.build import subjects
from abm.scenario.from_file import load_scenario
from abm.scenario.references import references
from abm.study.rows import as_base, scenario_at

ALL = claims()
EVIDENCE = Path(__file__).parents[2] / "abm" / "evidence"
BASES = {group: as_base(load_scenario(path)) for group, path in PARAMETERS.items()}
BASE = BASES["assay"]
each = pytest.mark.parametrize("claim", ALL, ids=lambda claim: claim.id)
STRENGTHS = list(strengths())


def test_every_file_that_declares_claims_is_found_and_identities_are_unique():
    files = [file for file in EVIDENCE.glob("*.py") if "\nCLAIMS = (" in file.read_text()]
    assert files
    modules = [import_module(f"abm.evidence.{file.stem}") for file in files]
    ids = sorted(claim.id for module in modules for claim in module.CLAIMS)
    assert sorted(claim.id for claim in ALL) == ids
    assert len(set(ids)) == len(ids)


def test_every_group_has_a_parameter_set_and_something_to_fit():
    assert {claim.group for claim in ALL} == set(PARAMETERS)
    assert all(any(claim.role == "fit" for claim in claims(group)) for group in PARAMETERS)


@each
def test_what_may_be_calibrated_on_sets_no_rate_of_a_process(claim):
    """A claim that sets the rate it measures would hold whatever is fitted."""
    if claim.role in ("fit", "decide"):
        jobs = Jobs(BASES[claim.group], {}, 0.3).of(claim, seed=1)
        rates = {path for job in jobs.values() for path in job.point if path.endswith(("_per_h", "_per_min"))}
        assert rates == set()


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
def test_whatever_is_not_a_goal_says_how_it_was_measured_or_who_tells_its_data(claim):
    assert claim.likelihood is None or claim.told_by == ()
    if claim.role != "goal":
        assert claim.likelihood or claim.told_by
    for told in chosen(claim.told_by):
        assert told.likelihood
        assert (told.paper, told.group) == (claim.paper, claim.group)


@each
def test_a_likelihood_is_of_what_was_observed(claim):
    """Where a likelihood is of something else, `at` says so; the middle of a range was not published."""
    if claim.likelihood is None or claim.at is not None:
        return
    if isinstance(claim.likelihood, Interval):
        assert claim.likelihood.lo <= claim.observed <= claim.likelihood.hi
    else:
        assert claim.likelihood.seen == pytest.approx(claim.observed, rel=1e-9)


@each
def test_its_paper_is_one_of_the_references_that_its_source_names(claim):
    named = [part.strip() for part in claim.source.split(";")]
    if claim.paper:
        assert claim.paper in references()
        assert claim.paper in named
    elif claim.likelihood:
        assert not set(named) & references().keys()
    if claim.id.startswith("A"):
        assert claim.paper == ""


@each
def test_what_is_published_fits_the_scale_of_its_likelihood(claim):
    """A model that is right is far likelier than one that is far off."""
    if claim.likelihood is None:
        return
    right = claim.likelihood.to_link(claim.likelihood.seen)
    off = right + np.array([-20.0, 20.0]) * max(claim.likelihood.width, claim.likelihood.delta_unit)
    at_right, at_off = claim.likelihood.log_density(right), claim.likelihood.log_density(off)
    assert np.isfinite(at_right)
    assert at_right > at_off.min() + 2.0


@each
def test_its_experiments_are_scenarios_with_the_density_of_a_full_well(claim):
    if claim.group != "assay":
        return
    jobs = Jobs(BASE, {}, 0.3).of(claim, seed=1)
    assert jobs
    assert list(jobs) == list(Jobs(BASE, {}, 1.0).of(claim, seed=1))
    points = (case.point(case.n) if callable(case.point) else case.point for case in claim.cases(1))
    if any("space.volume" in point for point in points):  # cells as dense in the medium as the claim says
        return
    for job in jobs.values():
        scenario = scenario_at(job.base, job.point, job.seed)
        assert subjects(scenario)
        density = scenario.populations.b_cells.n / scenario.space.volume
        assert density == pytest.approx(10_000 / 200.0)


def test_a_patch_has_the_density_of_a_full_well_on_its_floor_too():
    point = Case("patch", 1000, {}).at(0.5)
    assert point["populations.b_cells.n"] == 500
    assert parse_quantity(point["space.side"], "um") == pytest.approx(5657.0 * math.sqrt(0.05))
    assert parse_quantity(point["space.volume"], "uL") == pytest.approx(10.0)


@each
def test_its_patients_are_fewer_at_a_smaller_scale_and_otherwise_the_same(claim):
    if claim.group != "patient":
        return
    some, all_ = Jobs(BASES["patient"], {}, 0.02).of(claim, seed=1), Jobs(BASES["patient"], {}, 1.0).of(claim, seed=1)
    assert len(some) == max(1, round(0.02 * len(all_)))
    for name, job in some.items():
        assert job == all_[name]
        scenario = scenario_at(job.base, job.point, job.seed)
        assert scenario.space.scale == "body"
        assert job.point["replicate"] < scenario.replicates


class Made:
    """A hundred patients of whom thirty respond."""

    def values(self, claim, seed, lab):
        return responders(30, 100)


def responders(hits, n):
    return {str(i): {"single.partial": float(i < hits)} for i in range(n)}


(TRIAL,) = chosen(["P6-PR"])


@pytest.mark.parametrize(
    ("name", "seen", "expected"),
    [
        ("P2-rise", {"single.first_rise": [1.0, 0.0, math.nan, 1.0]}, 200 / 3),
        ("P2-2months", {"single.first_rise": [1.0] * 3 + [0.0], "single.up_2_months": [1.0, 0.0, math.nan, 1.0]}, 50.0),
        ("P4b-deep", {"double.best_change_frac": [-0.8, -0.5, math.nan, -0.9]}, 200 / 3),
        ("P9", {"double.straight": [1.0, 0.0, math.nan, 0.0]}, 100 / 3),
        ("L2-high", {"ibrutinib.surface_igm_MFI": [80.0] * 4, "ibrutinib.progressed": [1.0, 0.0, math.nan, 0.0]},
         100 / 3),
        ("L3", {"ibrutinib.calcium_percent": [10.0, 20.0, 30.0, 90.0],
                "ibrutinib.inhibition_frac": [0.9, 0.8, 0.7, math.nan]}, -1.0),
        ("L4-rise", {"ibrutinib.day_1_rel": [1.2, 1.8, math.nan, 2.0]}, 200 / 3),
        ("L4-order", {"ibrutinib.day_1_rel": [3.0, 2.0, 1.2, 1.1],
                      "ibrutinib.baseline_lymphocytes_per_nL": [10.0, 20.0, 90.0, 300.0]}, -1.0),
        ("L5-year", {"ibrutinib.up_for_a_year": [1.0, 0.0, math.nan, 0.0]}, 100 / 3),
        ("L5-outcome", {"ibrutinib.up_for_a_year": [1.0, 1.0, 0.0, 0.0],
                        "ibrutinib.time_to_progression_d": [300.0, math.nan, math.nan, 2000.0]}, 50.0),
        ("L6-mutated", {"ibrutinib.progressed": [1.0, 1.0, 1.0, 0.0],
                        "ibrutinib.progression_c481s_frac": [0.5, 0.002, 0.02, math.nan]}, 200 / 3),
        ("L7-first-5y", {"ibrutinib.time_to_progression_d": [1000.0, 1827.0, 2500.0, math.nan]}, 75.0),
        ("L7-later-count", {"ibrutinib.time_to_progression_d": [300.0, 300.0, 2000.0, math.nan],
                            "ibrutinib.progression_c481s_frac": [0.0, math.nan, 0.1, math.nan]}, 25.0),
        ("P6-PR", {"single.partial": [math.nan] * 4}, math.nan),
    ],
)  # fmt: skip
def test_a_claim_counts_the_patients_in_whom_it_was_seen(name, seen, expected):
    patients = {str(i): {key: values[i] for key, values in seen.items()} for i in range(4)}
    assert chosen([name])[0].measure(patients) == pytest.approx(expected, nan_ok=True)


def progressing(*months):
    """Return responders by when they progress, with IgM and albumin of one adverse factor."""
    return {
        str(i): {
            "double.partial": 1.0, "double.time_to_progression_d": month * 30.4375, "double.time_to_partial_d": 90.0,
            "double.best_change_frac": -0.8 if i % 2 else -0.6,
            "single.partial": 1.0, "single.time_to_partial_d": -21.0, "single.progressed": float(not math.isnan(month)),
            "single.time_to_progression_d": month * 30.4375, "single.follow_up_d": 1826.0,
            "single.baseline_igm_g_per_L": 50.0, "single.baseline_albumin_g_per_L": 40.0,
        }
        for i, month in enumerate(months)
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "expected"),
    [("P5a", 0.6), ("P6-duration", 0.8), ("P7-one", 0.4), ("P7-none", math.nan), ("P4a", 1.0), ("P4b-deep", 40.0)],
)
def test_a_median_is_held_against_the_share_of_patients_before_it(name, expected):
    found = progressing(5.0, 10.0, 15.0, 20.0, math.nan)  # never is later than any median
    assert chosen([name])[0].value(found) == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize(("months", "expected"), [((50.0, math.nan, math.nan), 40.0), ((50.0, 20.0, 10.0), 20.0)])
def test_a_median_that_is_not_reached_agrees_with_one_that_was_not(months, expected):
    few = progressing(*months)
    found = {name: one | {"single.baseline_igm_g_per_L": 30.0} for name, one in few.items()}
    claim = chosen(["P7-none"])[0]
    assert claim.measure(found) == pytest.approx(expected)
    assert math.isnan(claim.measure(few)), "all have a factor"


def test_the_first_and_the_last_seen_of_twelve_are_as_in_most_trials_of_twelve():
    """Each patient of a trial is followed for 6 to 28 months, all lengths as likely."""
    rng = np.random.default_rng(1)
    months = rng.lognormal(2.5, 0.6, 400)
    trials, ended = rng.choice(months, (20_000, 12)), rng.uniform(6.0, 28.0, (20_000, 12))
    seen = np.where(trials <= ended, trials, np.nan)
    first, last = chosen(["P5b-first", "P5b-last"])
    found = progressing(*months)
    assert first.value(found) == pytest.approx(np.nanmedian(np.nanmin(seen, axis=1)), rel=0.03)
    assert last.value(found) == pytest.approx(np.nanmedian(np.nanmax(seen, axis=1)), rel=0.03)


def test_who_progresses_after_follow_up_is_not_seen_to():
    first, last = chosen(["P5b-first", "P5b-last"])
    for claim in (first, last):
        assert math.isnan(claim.measure(progressing(29.0, math.nan)))
        assert math.isnan(claim.value(progressing(29.0, math.nan)))
        assert claim.measure(progressing(5.0)) == pytest.approx(5.0)
    many = progressing(*[4.0, 20.0] * 200)
    assert (first.measure(many), last.measure(many)) == pytest.approx((4.0, 20.0))


def test_categories_of_the_same_patients_are_counted_as_a_chain():
    found = {
        str(i): {"single.partial": float(i < 2), "single.minor": float(i < 5)} for i in range(10)
    }  # 2 partial, 3 of the other 8 minor
    partial, minor = chosen(["P6-PR", "P6-MR"])
    assert (partial.value(found), minor.value(found)) == pytest.approx((20.0, 37.5))
    assert (minor.likelihood.k, minor.likelihood.n) == (17, 50)
    assert minor.measure(found) == pytest.approx(30.0)


def test_of_a_later_moment_those_are_counted_who_were_free_at_the_earlier():
    days = [1000.0, 2000.0, 2700.0, math.nan]
    found = {str(i): {"ibrutinib.time_to_progression_d": day} for i, day in enumerate(days)}
    (later,) = chosen(["L7-first-7y"])
    assert later.measure(found) == pytest.approx(50.0)
    assert later.value(found) == pytest.approx(200 / 3)


def test_lasting_lymphocytosis_is_compared_in_standard_errors():
    """Ten of forty with it and ten of sixty without progress in time: in a trial of 85, 34 and 51."""
    found = {
        str(i): {
            "ibrutinib.up_for_a_year": float(i < 40),
            "ibrutinib.time_to_progression_d": 500.0 if i < 10 or i >= 90 else math.nan,
        }
        for i in range(100)
    }
    error = math.sqrt(0.2 * 0.8 * (1 / 34 + 1 / 51))
    assert chosen(["L5-outcome"])[0].value(found) == pytest.approx((10 / 40 - 10 / 60) / error)


@pytest.mark.parametrize(("low", "high"), [(30, 10), (10, 30), (0, 0), (60, 40)])
def test_a_difference_is_over_its_error_in_a_trial_of_the_published_size(low, high):
    """Sixty patients have IgM up to 40 g/L and forty more, of whom so many respond."""
    found = {
        str(i): {
            "single.partial": float(i < low or 60 <= i < 60 + high),
            "single.baseline_igm_g_per_L": 30.0 if i < 60 else 50.0,
        }
        for i in range(100)
    }
    share = (low + high) / 100
    error = math.sqrt(share * (1 - share) * (1 / (69 * 0.6) + 1 / (69 * 0.4)))
    expected = (low / 60 - high / 40) / error if error else 0.0
    assert chosen(["P6-IgM"])[0].value(found) == pytest.approx(expected)


def test_an_order_is_held_against_its_smallest_step():
    lysed = {"0.01": 0.30, "0.1": 0.36, "1.0": 0.35, "10.0": 0.60}
    found = {dose: {"nk.lysis": share} for dose, share in lysed.items()}
    assert chosen(["V15"])[0].value(found) == pytest.approx(-1.0)


def test_a_trial_holds_when_the_observed_value_is_one_of_many_trials_of_its_size():
    trial = TRIAL
    found = _score_trial(trial, Made(), [1], None)
    assert found.simulated == pytest.approx(30.0, abs=0.5)
    lo, hi = found.interval
    assert (lo, hi) == pytest.approx((100 * 13 / 69, 100 * 28 / 69), abs=2.0)  # binomial, 69 at 0.3
    assert found.holds
    assert found.as_extreme == pytest.approx(0.75, abs=0.2)
    assert not _score_trial(replace(trial, observed=60.0), Made(), [1], None).holds
    assert _score_trial(replace(trial, observed=60.0), Made(), [1], None).as_extreme < 0.01


@pytest.mark.parametrize(("observed", "sign"), [(20.0, 1), (25.0, 1), (35.0, -1), (45.0, -1)])
def test_a_trial_s_z_is_positive_where_the_model_lies_above_what_was_published(observed, sign):
    found = _score_trial(replace(TRIAL, observed=observed), Made(), [1], None)
    error = 100 * math.sqrt(0.3 * 0.7 / 69)  # binomial, 69 at 0.3
    assert found.z == pytest.approx((30.0 - observed) / error, abs=0.1)
    assert math.copysign(1, found.z) == sign


@pytest.mark.parametrize("hits", [13, 15, 26, 28])
def test_what_is_as_extreme_is_twice_the_nearer_tail_on_either_side(hits):
    found = _score_trial(replace(TRIAL, observed=TRIAL.measure(responders(hits, 69))), Made(), [1], None)
    nearer = min(binom.cdf(hits, 69, 0.3), binom.sf(hits - 1, 69, 0.3))
    assert found.as_extreme == pytest.approx(2.0 * nearer, abs=0.03)


def test_what_every_trial_shows_is_as_extreme_as_can_be_expected():
    always = replace(TRIAL, measure=lambda found: 50.0, observed=50.0)
    assert _score_trial(always, Made(), [1], None).as_extreme == 1.0


@pytest.mark.parametrize("value", [50.0, 307.0 / 30.4375, 0.1])
def test_what_never_differs_has_neither_spread_nor_interval(value):
    same = _score_trial(replace(TRIAL, measure=lambda found: value, observed=3.6), Made(), [1], None)
    assert (same.simulated, same.z, same.interval) == (pytest.approx(value), None, (None, None))
    (claim,) = chosen(["V5"])
    assert _score(claim, [value] * 3).interval == (None, None)


@each
def test_its_own_conditions_go_before_a_fit_s(claim):
    theta = {"duration": "1 min", "populations.b_cells.cd20.median": 1.0}
    base = BASES[claim.group]
    for name, job in Jobs(base, theta, 0.3).of(claim, seed=1).items():
        own = Jobs(base, {}, 0.3).of(claim, seed=1)[name].point
        assert own.items() <= job.point.items()


def test_goals_are_never_calibrated_on_and_what_was_published_may_be():
    for claim in ALL:
        if claim.role == "goal":
            with pytest.raises(InputError, match=f"{claim.id} is a goal: never calibrated on"):
                refuse_roles([claim], STRENGTHS)
        else:
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


def test_the_interval_of_a_share_stays_inside_nought_to_a_hundred_percent():
    share, number = chosen(["V1-MCL", "V5"])
    found = _score(share, [100.0, 100.0, 93.75])
    assert found.simulated == pytest.approx(97.9167, abs=1e-4)
    assert 0.0 < found.interval[0] < found.simulated < found.interval[1] < 100.0
    assert _score(share, [100.0, 100.0]).interval == (None, None)
    assert _score(number, [1.0, 3.0]).interval[0] < 0.0


def test_a_score_is_the_distance_in_standard_errors_of_both():
    (claim,) = chosen(["A1"])
    found = _score(claim, [18.0, 20.0, 22.0])
    error = math.sqrt(4.0 / 3.0)
    assert found.simulated == 20.0
    assert found.interval == pytest.approx((20.0 - 4.302653 * error, 20.0 + 4.302653 * error))
    assert found.z == 0.0
    assert found.holds
    assert claim.sd == pytest.approx((claim.hi - claim.lo) / 3.92)
    above = _score(claim, [26.0, 26.0])
    assert above.z == pytest.approx(6.0 / claim.sd)
    assert _score(claim, [24.0, 26.0, 28.0]).z == pytest.approx(6.0 / math.hypot(claim.sd, error))
    assert not above.holds
    assert not _score(claim, [20.0, math.nan]).holds


def test_a_claim_s_probability_is_the_share_of_sets_under_which_it_holds():
    class Few:
        def run(self, jobs):
            self.n = sum(1 for _ in jobs())

        def values(self, job):
            return {"medium.internalised_frac": job.point["processes.x"]}

    claim = replace(chosen(["V13"])[0], cases=lambda seed: [Case("medium", 400, {})])
    thetas, lab = [{"processes.x": share} for share in (0.32, 0.4, 0.48, 0.5, 0.2)], Few()
    assert probabilities([claim], lab, thetas, base="{}")["V13"] == pytest.approx(3 / 5)
    assert lab.n == 5
