"""A nuisance changes the experiments of its own paper, in a fit that is then right about what all papers share."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from abm.core.errors import InputError
from abm.core.par import describe
from abm.evidence.calibrate import calibrate
from abm.evidence.claim import Case, Claim, claims
from abm.evidence.combinations import combinations, free_of
from abm.evidence.emulation import design, run
from abm.evidence.fit import Calibration, Problem, load_calibration
from abm.evidence.nuisances import CD20, NUISANCES, CD20Scale
from abm.evidence.posterior import Literature
from abm.evidence.reading import Given
from abm.evidence.score import PARAMETERS, Jobs
from abm.inference.measured import Normal
from abm.plot.page.report import write_report
from abm.results.tables import read_parquet
from abm.scenario.from_file import load_scenario
from abm.statistics.draws import weighted_quantiles
from abm.study.design import Range
from abm.study.execute import local
from abm.study.jobs import Monitor
from abm.study.rows import as_base, scenario_at

STUDIES = Path(__file__).parents[2] / "configs" / "studies"
SCALE = "Golay2003.cd20_scale: {lo: 0.15, hi: 1.5, scale: log}"
PUBLISHED = [claim for claim in claims() if claim.paper]
BASES = {group: as_base(load_scenario(path)) for group, path in PARAMETERS.items()}


def rows(claim, *nuisances, theta=None):
    """Return the first and the last experiment of a claim."""
    own = Jobs(BASES[claim.group], theta or {}, 0.3, {claim.paper: nuisances} if nuisances else {}).of(claim, seed=1)
    found = list(own.values())
    return [found[0], found[-1]]


@pytest.mark.parametrize("kind", NUISANCES.values(), ids=NUISANCES)
def test_a_nuisance_changes_nothing_by_default_and_is_a_scenario_at_its_ends(kind):
    (row,) = describe(kind)
    assert row["name"] == "value"
    seen = []
    for claim in PUBLISHED:
        plain = rows(claim)
        assert [one.hash for one in rows(claim, kind(value=row["default"]))] == [one.hash for one in plain]
        seen.append(kind.is_seen(scenario_at(plain[0].base, plain[0].point, 1)))
        for end in (row["ge"], row["le"]):
            first = rows(claim, kind(value=end))[0]
            assert first.hash != plain[0].hash
            scenario_at(first.base, first.point, 1)
    assert any(seen)
    assert kind.needs


@pytest.mark.parametrize("claim", PUBLISHED, ids=lambda claim: claim.id)
def test_the_median_that_an_experiment_runs_with_is_scaled_and_nothing_else(claim):
    for theta in ({}, {CD20: 1e5}):
        for plain, scaled in zip(rows(claim, theta=theta), rows(claim, CD20Scale(value=0.5), theta=theta), strict=True):
            first, other = (scenario_at(row.base, row.point, 1) for row in (plain, scaled))
            wanted = first.populations.b_cells.cd20.median * 0.5
            assert other.populations.b_cells.cd20.median == pytest.approx(wanted)
            assert scaled.point == plain.point | {CD20: scaled.point[CD20]}


def test_the_median_of_an_arm_is_scaled_too():
    arms = {"dim": {"add": [], "set": {CD20: 2e4, "dt": "1 min"}}, "own": {"add": []}}
    found = CD20Scale(value=0.5).changed(BASES["assay"], {"arms": arms})
    assert found[CD20] == 76e3
    assert found["arms"] == {"dim": {"add": [], "set": {CD20: 1e4, "dt": "1 min"}}, "own": {"add": []}}
    assert arms["dim"]["set"][CD20] == 2e4


def test_an_experiment_without_antibody_or_with_cd20_from_a_range_cannot_tell():
    arms = {"none": {"add": [{"serum": "25 %"}]}}
    assert not CD20Scale.is_seen(scenario_at(BASES["assay"], {"arms": arms}, 1))
    arms = {"drug": {"add": [{"rituximab": "10 ug/mL"}]}}
    for spread, is_seen in (({"cv": 0.5}, True), ({"range": [1e4, 2e5]}, False)):
        point = {"arms": arms, "cohort": {"vary": {CD20: spread}}}
        assert CD20Scale.is_seen(scenario_at(BASES["assay"], point, 1)) == is_seen


TINY = ("claims=[V5, V8-primary]", "points=16", "live=20", "kept=40", "checked=20", "waves=0", "scale=0.02",
        "name=tiny_fit", "free={processes.docking.rho50_per_cell: {lo: 50000, hi: 90000}}",
        "set={dt: 15 min}")  # fmt: skip


def tiny(*sets):
    return load_calibration(STUDIES / "calibration.yaml", (*TINY, *sets))


def test_the_rows_of_other_papers_are_the_same_bytes_as_without():
    plain, problem = tiny(), tiny(f"nuisance={{{SCALE}}}")
    assert [own.path for own in problem.ranges] == ["processes.docking.rho50_per_cell", "Golay2003.cd20_scale"]
    assert problem.at([0.3, 0.9]) == plain.at([0.3])
    same, own = ({job.hash for job in plain.jobs([0.3]).of(claim, 1).values()} for claim in plain.claims)
    other, changed = ({job.hash for job in problem.jobs([0.3, 0.9]).of(claim, 1).values()} for claim in problem.claims)
    assert other == same
    assert not changed & own
    assert problem.identity() != plain.identity()


def test_a_fit_with_a_nuisance_tells_it_and_writes_a_set_without_it(tmp_path):
    problem = tiny(f"nuisance={{{SCALE}}}")
    folder, found = calibrate(problem, tmp_path, local(1), Monitor())
    own, scale = found["estimates"]
    assert scale["path"] == "Golay2003.cd20_scale"
    assert 0.15 <= scale["lo"] < scale["median"] < scale["hi"] <= 1.5
    assert list(found["shares"]) == [own["path"], scale["path"]]
    assert {tuple(point) for point in [found["point"], *found["particles"]]} == {(own["path"],)}
    draws = read_parquet(folder.path / "posterior.parquet")["Golay2003.cd20_scale"].to_numpy()
    shares = found["shares"]["Golay2003.cd20_scale"]
    np.testing.assert_allclose(draws, [problem.nuisances[0].number(share) for share in shares])
    text = (folder.path / "parameters.yaml").read_text()
    assert "# Of one paper's laboratory, no part of this set:\n#   Golay2003.cd20_scale: " in text
    calibrated = load_scenario(folder.path / "parameters.yaml")
    assert calibrated.populations.b_cells.cd20.median == 152_000.0
    assert calibrated.processes["docking"].rho50_per_cell == own["point"]
    assert "Golay2003.cd20_scale" in write_report(folder.path).read_text()


def test_a_nuisance_is_free_in_every_combination_of_hypotheses():
    problem = load_calibration(STUDIES / "calibration.yaml", (f"nuisance={{{SCALE}}}",))
    assert all(len(problem.given.ranges) in free_of(problem, on) for on in combinations())


@pytest.mark.parametrize("n_more", [1, 2])
def test_a_nuisance_moves_no_other_axis_of_the_design_and_fills_its_own_evenly(n_more):
    points = design(3, 128, (1,), 1, n_more)
    assert points.shape == (128, 3 + n_more)
    np.testing.assert_array_equal(points[:, :3], design(3, 128, (1,), 1))
    for more in points[:, 3:].T:
        assert (np.histogram(more, 128, (0, 1))[0] == 1).all()
        for own in (points[:, 0], points[:, 2]):
            assert abs(np.corrcoef(own, more)[0, 1]) < 0.1
            assert np.histogram2d(own, more, 8, [(0, 1), (0, 1)])[0].max() <= 5


RHO = "processes.docking.rho50_per_cell"
TRUE_RHO, TRUE_SCALE = 60e3, 0.5


class Law:
    """A laboratory in which lysis is half at ``rho50`` CD20 per cell."""

    def run(self, jobs):
        """Run nothing."""

    def values(self, job):
        """Return the lysis in percent."""
        return {"lysis": 100.0 * job.point[CD20] / (job.point[CD20] + job.point[RHO])}


def seen(paper, cd20, scale, sd):
    """Return a claim of a laboratory that counts CD20 on a scale of its own."""
    value = Law().values(type("Job", (), {"point": {CD20: scale * cd20, RHO: TRUE_RHO}}))["lysis"]
    return Claim(
        id=f"{paper} {cd20:g}", role="fit", unit="%", observed=value, lo=value - 2 * sd, hi=value + 2 * sd,
        text="", source="", paper=paper, likelihood=Normal(value, sd),
        cases=lambda seed: [Case("well", 400, {CD20: cd20})], measure=lambda found: found["well"]["lysis"],
    )  # fmt: skip


def test_data_of_another_scale_no_longer_bend_what_papers_share():
    told = [seen("Golay2001", cd20, TRUE_SCALE, 2.0) for cd20 in (30e3, 60e3, 120e3)]
    told += [seen("Kennedy2003", cd20, 1.0, 4.0) for cd20 in (50e3, 100e3)]
    asked = Calibration(parameters="none.yaml", claims=("V2",), free={RHO: {}}, points=24, repeats=2)
    given = Given(None, json.dumps({}), tuple(told), (Range(path=RHO, lo=20e3, hi=200e3, scale="log"),))
    plain = Problem(asked, given)
    scale = Range(path="Golay2001.cd20_scale", lo=0.15, hi=1.5, scale="log")
    literature, even = Literature.of(told), (np.arange(40) + 0.5) / 40
    medians = []
    for problem in (plain, replace(plain, nuisances=(scale,))):
        x = np.stack(np.meshgrid(*[even] * len(problem.ranges)), axis=-1).reshape(-1, len(problem.ranges))
        log_l = literature.log_likelihood(run(problem, Law(), x, 0).y, np.zeros(len(told))).sum(axis=1)
        weight = np.exp(log_l - np.logaddexp.reduce(log_l))
        medians += [own.number(weighted_quantiles(x[:, k], weight, (0.5,))[0]) for k, own in enumerate(problem.ranges)]
    bent, right, found = medians
    assert bent > 1.5 * TRUE_RHO
    assert right == pytest.approx(TRUE_RHO, rel=0.1)
    assert found == pytest.approx(TRUE_SCALE, rel=0.1)


@pytest.mark.parametrize(
    ("nuisance", "told"),
    [
        ("Golay2001.cd20_scale: {lo: 0.15, hi: 1.5}", "no claim .* 'Golay2001'; .*did you mean 'Golay2003'"),
        ("cd20_scale: {lo: 0.15, hi: 1.5}", "no paper is named; allowed: PAPER.NAME, of Kennedy2003, Golay2003"),
        ("Golay2003.cd20_scal: {lo: 0.15, hi: 1.5}", "no nuisance 'cd20_scal'; .*did you mean 'cd20_scale'"),
        ("Golay2003.cd20_scale: {lo: 0, hi: 1.5, scale: log}", "lo  found 0, out of bounds"),
        ("Golay2003.cd20_scale: {lo: 1.5, hi: 0.15}", "the range from 1.5 to 0.15 is no range"),
        ("Golay2003.cd20_scale: [0.5, 1]", "found values where points are drawn"),
    ],
)
def test_a_nuisance_that_cannot_be_is_refused(nuisance, told):
    with pytest.raises(
        InputError, match=rf"nuisance\.\S+  {told}" if "lo  " not in told else rf"nuisance\.\S+\.{told}"
    ):
        tiny(f"nuisance={{{nuisance}}}")


def test_a_nuisance_that_no_experiment_of_its_paper_sees_is_refused(monkeypatch):
    monkeypatch.setattr(CD20Scale, "is_seen", staticmethod(lambda scenario: False))
    with pytest.raises(InputError, match=r"no experiment of Golay2003 depends on it; allowed: a paper that gives"):
        tiny(f"nuisance={{{SCALE}}}")


def test_a_nuisance_counts_among_what_points_and_live_points_must_hold():
    both = "nuisance={Golay2003.cd20_scale: {lo: 0.5, hi: 1}, Kennedy2003.cd20_scale: {lo: 0.5, hi: 1}}"
    with pytest.raises(InputError, match="15 points are too few for 3 free parameters; allowed: 19 or more"):
        tiny(both, "points=15")
