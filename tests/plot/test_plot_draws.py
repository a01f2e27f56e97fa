"""Reports of runs over draws show bands and tell parameters and chance apart; those of other runs are as before."""

import json
import re

import numpy as np
import pytest

from abm.evidence.draws import for_scenario
from abm.plot import arms, catalogue, draws
from abm.plot.page import report
from abm.plot.tables import Tables
from abm.plot.trial import curves, time_to_progression
from abm.plot.trial.trial import Trial
from abm.plot.well import alive, igm, survival_by_arm
from abm.results.run import Run
from abm.scenario.from_file import load_scenario
from abm.statistics.survival import kaplan_meier
from abm.study.run import run_scenario
from tests.plot.simulated import KINDS, SCENARIOS

WELL = "processes.docking.max_per_h,processes.shield.max_frac\n2000,0.5\n9000,0\n20000,0.8\n"
COHORT = "processes.plasma_cells.half_life,processes.killing.rate\n1000,0.01\n1300,0.02\n1600,0.03\n"
FEW = {
    "well": ("replicates=2", "duration=1 h", "probes={counts: {every: 10 min}}"),
    "cohort": ("replicates=6", "duration=20 weeks", "probes.patient.every=7 d"),
}


def simulate(kind, rows, root):
    """Return the run of a tiny shipped scenario under three draws."""
    name, sets = KINDS[kind]
    file, own = SCENARIOS / f"{name}.yaml", (*(one for one in sets if not one.startswith("probes.")), *FEW[kind])
    (root / "draws.csv").write_text(rows)
    scenario = load_scenario(file, own)
    posterior = for_scenario(root / "draws.csv", 3, scenario, file, own)
    return run_scenario(scenario, root / "runs", 1, posterior=posterior).path


@pytest.fixture(scope="module")
def well(tmp_path_factory):
    return Tables(simulate("well", WELL, tmp_path_factory.mktemp("well")))


@pytest.fixture(scope="module")
def trial(tmp_path_factory):
    return Trial(Run(simulate("cohort", COHORT, tmp_path_factory.mktemp("trial"))))


def words(folder):
    """Return a report without its figures, as plain text."""
    kind = catalogue.report_of(folder)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", report.render(kind, kind.tables(folder), (), {})))


def bands(figure):
    """Return the areas of a figure that are as pale as a band over draws."""
    return [area for ax in figure.axes for area in ax.collections if area.get_alpha() == draws.FADE]


def test_the_band_is_pointwise_the_middle_of_the_draws(well):
    found, name = draws.band(well, "both", "igm_ng_per_mL"), "igm_ng_per_mL"
    table = well.draws().series().query("arm == 'both'").pivot(index="time_h", columns="replicate", values=name)
    assert found.x.tolist() == table.index.tolist()
    for end, share in ((found.lo, 0.025), (found.hi, 0.975)):
        assert end == pytest.approx(np.quantile(table, share, axis=1))
    frac = arms.alive_frac(well.draws(), "both").values
    assert draws.alive_band(well, "both").hi == pytest.approx(np.quantile(frac, 0.975, axis=0))


def test_what_a_draw_switches_off_is_left_out_of_the_band(well):
    series = well.draws().series()
    assert draws.band(well, "both", "no_such_column") is None
    own = series.assign(gap=np.where(series["replicate"] == 1, np.nan, series["time_h"]))
    found = draws._over_draws(own.query("arm == 'both'"), "gap")
    assert found.lo == pytest.approx(found.x)
    assert found.hi == pytest.approx(found.x)


def test_figures_of_wells_have_a_band_for_each_arm(well):
    n = len(arms.treated(well))
    for kind in (alive, survival_by_arm):
        assert len(bands(kind.figure(well))) == n
    assert bands(igm.figure(well))


def test_figures_of_patients_have_a_band_for_each_protocol(trial):
    for kind in catalogue.applying("trial", trial):
        if kind.__name__.rpartition(".")[2] in ("igm", "cells", "viscosity", "pharmacokinetics"):
            assert bands(kind.figure(trial)), kind.__name__
    assert [key.get_label() for key in curves.keys(trial)][-1] == "95 % of 3 draws"


def test_the_band_of_kaplan_and_meier_holds_the_curves_of_the_draws(trial):
    (group, *_) = time_to_progression.groups(trial)
    found, curve = time_to_progression._band(trial, group), []
    for outcomes in trial.outcomes_of_draws():
        (own,) = [g for g in time_to_progression._groups(trial, outcomes) if g.words == group.words]
        curve.append(kaplan_meier(own.time_d, own.has_event).share[-1])
    assert found.hi[-1] == pytest.approx(100 * np.quantile(curve, 0.975))
    assert found.lo[-1] == pytest.approx(100 * np.quantile(curve, 0.025))


def test_the_report_of_wells_tells_parameters_and_chance_apart(well):
    text, own = words(well.path), well.summary()["posterior"]["arms"]["both"]["survival"]
    assert "3 of the 3 draws of draws.csv were run, each arm once, in one well" in text
    ends = f"Survival in “both” is {100 * own['lo']:.1f} to {100 * own['hi']:.1f} % over the draws"
    assert ends in text
    assert f"± {100 * own['chance']:.1f} points" in text
    assert f"{100 * own['lo']:.1f}–{100 * own['hi']:.1f}" in text
    assert "off in 1 draws" in text
    assert "leaves open of the parameters that it learnt" in text


def test_the_report_of_patients_tells_it_below_every_number(trial):
    text, own = words(trial.run.path), trial.run.summary()["posterior"]["arms"]["single"]["minor_or_better"]
    assert f"over draws {100 * own['lo']:.1f} to {100 * own['hi']:.1f} %" in text
    assert "each protocol once, in a whole cohort" in text


def test_without_replicates_the_report_says_what_would_tell(well, tmp_path):
    summary = well.summary() | {"posterior": json.loads(json.dumps(well.summary()["posterior"]))}
    summary["posterior"]["arms"]["both"]["survival"] |= {"chance": None, "parameters": None}
    for name in ("arms.csv", "measures.json"):
        (tmp_path / name).write_bytes((well.path / name).read_bytes())
    (tmp_path / "summary.json").write_text(json.dumps(summary))
    (section,) = draws.sections(Tables(tmp_path), "wells")
    assert any("what of that is chance, three replicates or more would tell" in line for line in section.text)


def test_a_run_without_draws_shows_none(run):
    assert draws.sections(run, "wells") == []
    assert draws.keys(run) == []
    assert draws.band(run, "both", "igm_ng_per_mL") is None
    assert bands(alive.figure(run)) == []
    assert "draws" not in words(run.path)
