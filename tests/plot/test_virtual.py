"""Virtual populations in the report: every number under the weights is that of the weighted patients."""

import json

import numpy as np
import pytest

from abm.plot.trial import report, virtual, virtual_level, virtual_patients, virtual_progression
from abm.plot.trial.trial import IGM, Trial
from abm.statistics.draws import weighted_quantiles
from tests.plot import simulated


@pytest.fixture(scope="module")
def trial(simulated_run, tmp_path_factory):
    """Return a cohort of twenty with two virtual populations."""
    return Trial(simulated.weighted(simulated_run("cohort"), tmp_path_factory.mktemp("virtual")))


def test_without_weights_there_is_neither_section_nor_figure(simulated_run):
    plain = Trial(simulated_run("cohort"))
    assert virtual.populations(plain, {}) == []
    assert not any(kind.applies(plain) for kind in (virtual_patients, virtual_progression, virtual_level))


def test_all_count_alike_beside_each_population_and_each_has_a_colour_of_its_own(trial):
    (name, _, equal), *others = virtual.looks(trial)
    assert name == virtual.EQUAL
    assert equal == pytest.approx(1 / 20)
    assert [name for name, _, _ in others] == ["few", "much"]
    assert len({colour for _, colour, _ in virtual.looks(trial)}) == 3
    for _, _, mass in others:
        assert mass.sum() == pytest.approx(1.0)


def test_the_section_tells_targets_before_and_after_and_end_points_under_every_weight(trial):
    (section,) = virtual.populations(trial, {"Gertz2004": "told"})
    few, much, ends = section.tables
    assert [row[0] for row in much.rows] == ["IgM at the start: median", f"{_fcgr3a(trial)}: VV"]
    assert [row[-1] for row in much.rows] == ["✓ met", "✓ met"]
    assert [cell.text for cell in much.rows[1][3:6]] == ["30 %", _percent(trial), "30 %"]
    assert few.rows[0][1] == "69"
    assert much.caption.startswith(f"much: {trial.weights[1].told['n_effective']:.1f} of 20 patients count")
    told = {row[0]: row[1:] for row in ends.rows}
    minor = trial.outcomes("single")["minor"].to_numpy()
    for cell, (_, _, mass) in zip(told[trial.end_point("minor").words], virtual.looks(trial), strict=True):
        assert cell.startswith(f"{100 * mass @ minor:.1f} % (")


def test_the_report_holds_the_section_after_the_key_numbers(trial):
    headings = [section.heading for section in report.sections(trial, [], {})]
    assert headings.index("Virtual populations") == headings.index("Key numbers") + 1


def test_histograms_hold_every_patient_by_weight(trial):
    figure = virtual_patients.figure(trial)
    assert figure.axes[1].get_xlabel() == trial.end_point(f"baseline_{IGM}").axis
    bars = [patch for patch in figure.axes[0].patches if hasattr(patch, "get_height")]
    assert sum(bar.get_height() for bar in bars) == pytest.approx(100.0)
    assert len(virtual_patients.shown(trial)) == virtual_patients.MOST_PANELS


def test_dashed_lines_are_at_published_medians_and_means(trial):
    dashed = [[line.get_xdata()[0] for line in ax.lines] for ax in virtual_patients.figure(trial).axes[:3]]
    assert dashed == [[36.0], [30.0], []]
    few = trial.weights[0].told
    assert virtual_patients.published(few, "baseline_albumin_g_per_L") == [36.0]
    assert virtual_patients.published(few, "minor") == []


def test_courses_are_weighted_quantiles_of_the_patients(trial):
    mass = virtual.looks(trial)[2][2]
    t_d, (lo, middle, hi) = virtual_level.courses(trial, "single", mass)
    table = trial.table("single", IGM)
    assert t_d.tolist() == table.index.tolist()
    assert (lo <= middle).all()
    assert (middle <= hi).all()
    assert middle[0] == weighted_quantiles(table.iloc[0].tolist(), mass.tolist(), [0.5])[0]


def test_weights_of_other_results_are_not_shown(trial, tmp_path, simulated_run):
    run = simulated.weighted(simulated_run("cohort"), tmp_path)
    told = run.path / "weights" / "much" / "weights.json"
    told.write_text(json.dumps(json.loads(told.read_text()) | {"result_hash": "0"}))
    assert [own.told["name"] for own in Trial(run).weights] == ["few"]


def _fcgr3a(trial):
    parameters = trial.run.parameters().set_index("name")
    return (
        parameters.loc["covariates.fcgr3a", "description"]
        if "covariates.fcgr3a" in parameters.index
        else "covariates.fcgr3a"
    )


def _percent(trial):
    share = float(np.mean(trial.patients["covariates.fcgr3a"] == "VV"))
    return f"{100 * share:.3g} %"
