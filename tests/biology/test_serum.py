"""What serum of a donor brings into the well."""

import math

import pytest

from abm.biology.covariates import Covariates
from abm.biology.serum import COMPLEMENT, CONSTITUENTS, Donor, Serum

NEAT, WHO = Serum(), Covariates()


@pytest.mark.parametrize(
    ("sex", "age", "ng_per_mL"),
    [
        ("male", 22, 3470),
        ("male", 60, 3470 * math.exp(-1.2502)),
        ("female", 17, 2470),
        ("female", 60, 2470 * math.exp(-1.333)),
    ],
)
def test_dheas_falls_with_age_from_the_peak_of_each_sex(sex, age, ng_per_mL):
    assert Donor().dheas_uM(Covariates(sex=sex, age_years=age)) == pytest.approx(ng_per_mL / 368.5, rel=1e-9)


def test_neat_serum_of_adults_spans_the_published_range():
    """1.2-9.4 uM by age and sex."""
    adults = [Covariates(sex=sex, age_years=age) for sex in ("male", "female") for age in range(22, 76)]
    values = [Donor().dheas_uM(one) for one in adults]
    assert min(values) == pytest.approx(1.1, abs=0.15)
    assert max(values) == pytest.approx(9.4, abs=0.05)


def test_the_default_donor_has_about_4_micromolar():
    assert Donor().dheas_uM(WHO) == pytest.approx(4.0, rel=0.01)


@pytest.mark.parametrize(
    ("change", "factor"),
    [
        ({"conversion": 2.0}, 2.0),
        ({"conversion": 0.0}, 0.0),
        ({"il6_sd": 1.0}, math.exp(-0.16)),
        ({"deviation_sd": -1.0}, math.exp(-0.5)),
        ({"il6_sd": 1.0, "il6_r": 0.0}, 1.0),
    ],
)
def test_conversion_inflammation_and_the_person_scale_dheas(change, factor):
    assert Donor(**change).dheas_uM(WHO) == pytest.approx(factor * Donor().dheas_uM(WHO))


def test_a_quarter_of_serum_brings_a_quarter_of_everything():
    neat, diluted = NEAT.constituents(1.0, (), WHO), NEAT.constituents(0.25, (), WHO)
    assert diluted == pytest.approx({name: 0.25 * nM for name, nM in neat.items()})
    assert set(neat) == set(CONSTITUENTS)
    assert NEAT.nM_of("igg") == 66_000
    assert NEAT.dheas_nM(WHO) == pytest.approx(4000, rel=0.01)


@pytest.mark.parametrize("name", CONSTITUENTS)
def test_what_serum_lacks_it_does_not_bring(name):
    brought = NEAT.constituents(1.0, (name,), WHO)
    assert set(brought) == set(CONSTITUENTS) - {name}


def test_heated_serum_lacks_all_complement_and_nothing_else():
    assert set(NEAT.constituents(1.0, ("complement",), WHO)) == set(CONSTITUENTS) - set(COMPLEMENT)


@pytest.mark.parametrize(
    ("name", "ug_per_mL", "kDa"),
    [("c1q", 80, 460), ("c2c4", 20, 102), ("c3", 1300, 185), ("igg", 10_000, 150), ("igm_serum", 1200, 950)],
)
def test_concentrations_are_the_published_masses(name, ug_per_mL, kDa):  # noqa: N803 - a unit
    assert NEAT.nM_of(name) == pytest.approx(ug_per_mL / kDa * 1e3, rel=0.02)


def test_c9_limits_the_terminal_pathway():
    """60 ug/mL of C9 at 71 kDa, ten per pore."""
    assert NEAT.nM_of("c5c9") == pytest.approx(60 / 71 * 1e3 / 10, rel=0.02)
