"""The figures and the report of a CLL cohort, and of cells that are stimulated through surface IgM."""

import re

import numpy as np
import pytest

import abm
from abm.plot import catalogue
from abm.plot.page.report import write_report
from abm.plot.trial import by_signal, clone_sizes, lymphocytes, signal_inhibition, time_to_progression
from abm.plot.trial.trial import Trial
from abm.plot.well import signalling
from abm.results.run import Run

ARMS = (
    "arms={daily: {add: [{ibrutinib: 420 mg}]}, stopped: {add: [{ibrutinib: 420 mg}, {ibrutinib: 0 mg, at: 6 months}]}}"
)
SMALL = ("populations.b_cells.cells_per_agent=1e11", "duration=20 months", "end_points.follow_up_spread=2 months")


def run_of(folder, *sets, name="chiodin2022"):
    result = abm.simulate(abm.load_scenario(f"configs/scenarios/{name}.yaml", sets), out=folder)
    return Run.open(result.folder)


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    return run_of(tmp_path_factory.mktemp("cll"), *SMALL, "replicates=10", ARMS)


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    sets = ("populations.b_cells.n=150", "replicates=6", "space={kind: floor, side: 400 um, volume: 1 uL}")
    return run_of(tmp_path_factory.mktemp("well"), *sets, name="surface_signalling")


def test_figures_of_serum_igm_stay_away_and_those_of_cll_are_drawn(cohort):
    trial = Trial(cohort)
    drawn = {catalogue.name(kind) for kind in catalogue.applying("trial", trial)}
    assert drawn == {"lymphocytes", "clone_sizes", "by_signal", "signal_inhibition", "time_to_progression"}


def test_lymphocytes_are_drawn_as_their_median(cohort):
    trial = Trial(cohort)
    ax = lymphocytes.figure(trial).axes[0]
    median = trial.table("daily", "lymphocytes_per_nL").median(axis=1)
    assert ax.lines[0].get_ydata() == pytest.approx(median.to_numpy())
    each = trial.table("daily", "lymphocytes_per_nL").to_numpy()
    assert np.column_stack([line.get_ydata() for line in ax.lines[1:11]]) == pytest.approx(each)
    assert ax.get_yscale() == "log"
    assert "per nL" in ax.get_ylabel()
    assert re.search(r"rise \d\.\d+-fold", lymphocytes.seen(trial))


def test_clone_sizes_add_up(cohort):
    trial = Trial(cohort)
    axes = clone_sizes.figure(trial).axes
    assert len(axes) == 2
    tissue, blood, _ = (line.get_ydata() for line in axes[0].lines)
    assert tissue[0] == pytest.approx(np.median(trial.table("daily", "n_tissue").iloc[0]))
    assert blood[0] / tissue[0] == pytest.approx(0.1, rel=0.01)
    assert "C481S" in clone_sizes.seen(trial)


def test_groups_by_surface_igm_hold_every_patient_once(cohort):
    trial = Trial(cohort)
    high, low = by_signal.split(trial, by_signal.EVENTS[0], by_signal.MARKS[0])
    assert high[0].size + low[0].size == 10
    assert high[0].size == int((trial.outcomes("daily")["surface_igm_MFI"] > 50).sum())
    assert len(by_signal.figure(trial).axes) == 4
    assert f"of {high[0].size} with much surface IgM" in by_signal.seen(trial)
    high, low = by_signal.split(trial, by_signal.EVENTS[0], by_signal.MARKS[1])
    assert (high[0].size, low[0].size) == (6, 4)  # above and up to the 44th centile of calcium


def test_time_to_progression_of_one_protocol_is_by_surface_igm(tmp_path):
    trial = Trial(run_of(tmp_path, *SMALL, "replicates=6"))
    found = time_to_progression.groups(trial)
    assert sum(group.time_d.size for group in found) == 6
    assert all("surface IgM" in group.words for group in found)


def test_inhibition_falls_with_signal(cohort):
    trial = Trial(cohort)
    points = np.concatenate([c.get_offsets() for c in signal_inhibition.figure(trial).axes[0].collections])
    assert len(points) == 10
    assert np.corrcoef(points.T)[0, 1] < -0.3
    assert "r = −" in signal_inhibition.seen(trial)


def test_patients_in_whom_progression_was_not_observed_are_shown_as_such(tmp_path):
    trial = Trial(run_of(tmp_path, *SMALL, "replicates=4", "duration=20 weeks", "end_points.follow_up_spread=0 h"))
    legend = signal_inhibition.figure(trial).legends[0]
    assert [text.get_text() for text in legend.get_texts()] == ["progression not observed"]


def test_the_report_holds_groups_and_lymphocytes(cohort):
    html = write_report(cohort.path).read_text()
    for words in (
        "By surface IgM and by calcium",
        "Hazard ratio",
        "median lymphocytes at the start",
        "Next treatment begun",
    ):
        assert words in html
    assert "IgM at the start, median" not in html
    assert "nan" not in re.sub(r"<pre.*?</pre>|data:[^\"]*", "", html, flags=re.DOTALL).lower().replace("nanolit", "")


def test_cuts_are_those_of_the_scenario(tmp_path):
    trial = Trial(run_of(tmp_path, *SMALL, "replicates=6", "end_points.surface_igm_cut_mfi=120"))
    high, _ = by_signal.split(trial, by_signal.EVENTS[0], by_signal.MARKS[0])
    n_high = int((trial.end_points["surface_igm_MFI"] > 120).sum())
    assert 0 < high[0].size == n_high < int((trial.end_points["surface_igm_MFI"] > 50).sum())
    assert any("above 120 MFI" in group.words for group in time_to_progression.groups(trial))


def test_infusions_in_cll_are_drawn(tmp_path):
    both = "arms={both: {add: [{ibrutinib: 420 mg}, {infusion: 375 mg/m2, times: 4, at: 7 d}]}}"
    run = run_of(tmp_path, *SMALL, "replicates=4", both)
    assert "pharmacokinetics" in re.findall(r'figure id="(\w+)"', write_report(run.path).read_text())


def test_one_patient_has_a_report(tmp_path):
    run = run_of(tmp_path, "cohort=null", "replicates=1", *SMALL)
    html = write_report(run.path).read_text()
    assert "ne virtual patient" in html
    assert "Surface IgM at the start (MFI)" in html


def test_samples_are_inhibited_less_where_they_signal_more(samples):
    assert signalling.applies(samples)
    table = signalling.signals(samples)
    assert table.shape == (6, 2)
    inhibited = signalling.inhibition(table, "with_ibrutinib")
    assert ((inhibited > 5) & (inhibited < 95)).all()
    assert np.corrcoef(table["stimulated"], inhibited)[0, 1] < -0.95
    points = signalling.figure(samples).axes[0].collections[0].get_offsets()
    assert np.allclose(points, np.column_stack([100 * table["stimulated"], inhibited]))
    assert "over 6 samples" in signalling.seen(samples)
