"""The figures and the report of a virtual trial show the numbers of its folder, and only those."""

import json
import math
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgba

import abm
from abm.plot.catalogue import applying
from abm.plot.catalogue import figures as figures_of
from abm.plot.page import style
from abm.plot.page.report import render, write_report
from abm.plot.trial import (
    cells,
    flare_histogram,
    igm,
    pharmacokinetics,
    predictive_check,
    report,
    responses,
    secretors,
    spider,
    swimmer,
    time_to_progression,
    time_to_symptoms,
    viscosity,
    waterfall,
)
from abm.plot.trial.clock import DAYS, MONTHS, YEARS, clock_for
from abm.plot.trial.numbers import key_numbers
from abm.plot.trial.report import simulated
from abm.plot.trial.trial import Trial
from abm.probes.patient import Patient
from abm.readouts.igm_response import IgmResponse
from abm.results.run import Run
from abm.scenario.from_file import load_scenario
from abm.statistics.survival import at_risk, kaplan_meier, log_rank
from abm.study.conclude import declared
from tests.plot.page import Page

COURSES = {"four_weekly": (0, 7, 14, 21), "extended": (0, 7, 14, 21, 84, 91, 98, 105), "none": (), "one": (0,)}
DOSE_MG = 694.0
LOOK_D = 7
OF_CLL = {
    "Lymphocytes in blood",
    "Clone sizes",
    "Inhibition against signal",
    "Progression and next treatment by surface IgM and by calcium",
}
OF_WEIGHTS = {
    "Virtual populations: level over time",
    "Virtual populations: time to progression",
    "Virtual populations: who counts",
}
KINDS = figures_of("trial")
REFERENCES = {"Treon2001": "Treon et al., J Immunother 2001", "Unused1999": "Nobody, 1999"}


def write_trial(folder, protocols=("four_weekly", "extended"), n=30, end_d=728, first_look_counts=True):
    """Write the files of a finished trial of made-up patients: no model, only numbers of the right shape."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = [_protocol(name, n, end_d, first_look_counts) for name in protocols]
    series = pd.concat([table for table, _ in tables])
    ends = pd.concat([_end_points(table, baseline) for table, baseline in tables])
    series.to_csv(folder / "series.csv", index=False)
    ends.to_csv(folder / "end_points.csv", index=False)
    pd.DataFrame({"arm": protocols, "control_arm": "", "is_control": False}).to_csv(folder / "arms.csv", index=False)
    _write_texts(folder, protocols, n, end_d, ends)
    return folder


def _drawn(n):
    rng = np.random.default_rng(5)
    z = rng.normal(size=(6, n))
    return SimpleNamespace(
        clone=3.5 * np.exp(0.6 * z[0]), rate=0.16 * np.exp(0.6 * z[1]), growth=0.006 * np.exp(0.7 * z[2]),
        flare=0.25 * np.exp(z[3]), life=0.014 * np.exp(0.2 * z[4]), lasting=4 * np.exp(0.7 * z[5]),
        volume=3.2 * np.exp(0.15 * z[4]), fcgr3a=rng.choice(["VV", "VF", "FF"], n, p=[0.17, 0.45, 0.38]),
    )  # fmt: skip


def _protocol(name, n, end_d, first_look_counts):
    p, rows = _drawn(n), []
    clone, niche, plasma = 0.85 * p.clone, 0.15 * p.clone, 1.0 * p.clone
    cd20, il6, effectors = np.ones(n), np.zeros(n), np.ones(n)
    drug, dosed = np.zeros(n), np.zeros(n)
    for day in range(end_d + 1):
        counted = dosed.copy()
        if day in COURSES[name]:
            drug, dosed = drug + DOSE_MG / p.volume, dosed + DOSE_MG
        if day % LOOK_D == 0:
            columns = {"clone": clone + niche, "niche": niche, "plasma": plasma, "drug": drug, "cd20": cd20}
            columns |= {"il6": il6, "effectors": effectors, "dosed": dosed if first_look_counts else counted}
            rows.append(_look(name, day, p, columns))
        effect = 0.3 * drug / (0.3 * drug + 15)
        growth, moved = p.growth * (1 - (clone + niche) / (1.3 * p.clone)), 0.002 * niche
        clone = clone * np.exp(growth - p.rate * effect * cd20 * effectors) + moved
        niche = niche * np.exp(growth) - moved
        plasma = plasma + p.life * (clone + niche - plasma)
        drug = drug * np.exp(-0.06)
        cd20 = cd20 + 0.03 * (1 - cd20) - 0.05 * effect * cd20
        il6 = il6 + 0.3 * (np.minimum(1, p.flare * effect * clone / p.clone) - il6)
        effectors = np.clip(effectors + 0.03 * (1 - effectors) - 0.05 * effect * clone / p.clone, 0, 1)
    table = pd.concat(rows, ignore_index=True)
    return table, table.loc[table["time_h"] == 0].set_index("replicate")["igm_g_per_L"]


def _look(name, day, p, at):
    more = 1 + at["il6"]
    parts = [more * 0.8 * at["clone"], more * 7 * at["plasma"], more * p.lasting]
    total = sum(parts)
    return pd.DataFrame(
        {
            "arm": name, "replicate": np.arange(len(total)), "time_h": 24.0 * day, "igm_g_per_L": total,
            "igm_clone_g_per_L": parts[0], "igm_plasma_g_per_L": parts[1], "igm_long_lived_g_per_L": parts[2],
            "rituximab_ug_per_mL": at["drug"], "n_clone": 1e11 * at["clone"], "n_niche": 1e11 * at["niche"],
            "n_plasma": 1e11 * at["plasma"], "n_long_lived": 1e10 * p.lasting, "rel_cd20": at["cd20"],
            "il6": at["il6"], "effectors": at["effectors"], "albumin_g_per_L": 36.0,
            "viscosity_cP": 1.55 * np.exp(0.016 * np.minimum(total, 150)), "dosed_mg": at["dosed"],
        }
    )  # fmt: skip


def _end_points(series, baseline):
    name, rows = series["arm"].iloc[0], []
    for patient, one in series.groupby("replicate"):
        t, rel = one["time_h"].to_numpy() / 24, one["igm_g_per_L"].to_numpy() / baseline[patient]
        after, early = t > 28, t <= 84
        best = np.maximum(rel[after], np.append(rel[after][1:], np.inf)).min() if after.sum() > 1 else rel[-1]
        nadir = np.minimum.accumulate(np.where(t > 100, rel, np.inf))
        back = t[(rel >= 1.25 * nadir) & ((rel - nadir) * baseline[patient] >= 5)]
        grade = ["none", "minor", "partial", "very_good"][np.searchsorted([0.25, 0.5, 0.9], 1 - best, side="right")]
        rows.append(
            {
                "arm": name, "replicate": patient, "baseline_igm_g_per_L": baseline[patient],
                "baseline_albumin_g_per_L": 36.0, "any_rise": int(rel[t <= 56].max() > 1.05),
                "flare": int(rel[early].max() >= 1.25), "peak_rel": rel[early].max(), "best_change_frac": best - 1,
                "response": grade, "time_to_minor_d": _first(t[(rel <= 0.75) & after]) - 21,
                "time_to_partial_d": _first(t[(rel <= 0.5) & after]) - 21, "time_to_progression_d": _first(back),
                "follow_up_d": t[-1] - 7 * (patient % 5),
            }
        )  # fmt: skip
    rows = pd.DataFrame(rows)
    late = rows["time_to_progression_d"] > rows["follow_up_d"]
    return rows.assign(time_to_progression_d=rows["time_to_progression_d"].mask(late))


def _first(times):
    return times[0] if times.size else np.nan


def _write_texts(folder, protocols, n, end_d, ends):
    p = _drawn(n)
    drawn = {"replicate": np.arange(n), "populations.b_cells.cells": 1e11 * p.clone, "processes.kill.fcgr3a": p.fcgr3a}
    pd.DataFrame(drawn).to_csv(folder / "patients.csv", index=False)
    pd.DataFrame(PARAMETERS, columns=["name", "value", "unit", "source", "description", "origin"]).to_csv(
        folder / "parameters.csv", index=False
    )
    summary = {"kind": "trial", "arms": {name: _summary(ends.loc[ends["arm"] == name]) for name in protocols}}
    summary |= {"log_rank": {"four_weekly vs extended": 0.31} if len(protocols) > 1 else {}}
    summary |= {"conservation": {"rituximab_rel_error": 3.1e-14}, "result_hash": "cd" * 32, "scenario_hash": "ab" * 32}
    (folder / "summary.json").write_text(json.dumps(summary))
    (folder / "provenance.json").write_text(json.dumps(PROVENANCE))
    text = f"title: Rituximab & flare\nquestion: Who flares?\nseed: 1\nreplicates: {n}\nduration: {end_d} d\n"
    (folder / "scenario.yaml").write_text(text, encoding="utf-8")
    declare(folder, IgmResponse())


def declare(folder, readout):
    """Write what the numbers of a trial are."""
    series = {"series": {one.name: one.plain() for one in Patient.measures}}
    (folder / "measures.json").write_text(json.dumps(series | declared([readout])))


def _summary(rows):
    n, response = len(rows), rows["response"]
    hits = {
        "any_rise": rows["any_rise"].sum(), "flare": rows["flare"].sum(),
        "minor_or_better": (response != "none").sum(),
        "partial_or_better": response.isin(["partial", "very_good"]).sum(),
        "very_good": (response == "very_good").sum(), "progressed": rows["time_to_progression_d"].notna().sum(),
    }  # fmt: skip
    shares = {name: {"k": int(k), "n": n, "share": k / n, "lo": 0.5 * k / n, "hi": 0.5 + 0.5 * k / n}
              for name, k in hits.items()}  # fmt: skip
    medians = {"time_to_partial_d": {"median": 84.0, "lo": 63.0, "hi": None}}
    medians |= {"time_to_progression_d": {"median": None, "lo": None, "hi": None}}
    medians |= {"best_change_frac": {"median": -0.514, "lo": -0.6, "hi": -0.4}}
    return {"n": n, "shares": shares, "medians": medians}


PROVENANCE = {
    "software": "0.1.0", "commit": "0123abc", "python": "3.11.2", "platform": "Linux x86_64",
    "packages": {"numpy": "2.4.6"}, "scenario": "trial", "seed": 1, "scenario_hash": "ab" * 32,
}  # fmt: skip
PARAMETERS = [
    ("processes.drug.v1_L", "2.7", "L", "Treon2001", "Volume of the first compartment", "default"),
    ("processes.kill.kmax_per_d", "0.15", "1/d", "assumed: order of magnitude, CV 40 %", "Most killing", "overridden"),
    ("populations.b_cells.weight", "1e8", "1", "design: agents are cells <of a size>", "Cells per agent", "default"),
]


@pytest.fixture(scope="module")
def trial(tmp_path_factory):
    return Trial(Run.open(write_trial(tmp_path_factory.mktemp("runs") / "cohort")))


@pytest.fixture(scope="module")
def single(tmp_path_factory):
    return Trial(Run.open(write_trial(tmp_path_factory.mktemp("runs") / "single", ("four_weekly",), 1)))


@pytest.fixture(scope="module")
def one_protocol(tmp_path_factory):
    return Trial(Run.open(write_trial(tmp_path_factory.mktemp("runs") / "one", ("four_weekly",), 12, 84)))


def with_columns(folder, table, **columns):
    """Change columns of one table of a folder and read it anew."""
    path = folder / table
    pd.read_csv(path).assign(**columns).to_csv(path, index=False)
    return Trial(Run.open(folder))


def lines(ax, colour=""):
    return [line for line in ax.lines if not colour or to_rgba(line.get_color()) == to_rgba(colour)]


def texts(ax):
    return [text.get_text() for text in ax.texts]


@pytest.fixture(scope="module")
def html(trial):
    return write_report(trial.run.path, REFERENCES).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def single_html(single):
    return write_report(single.run.path).read_text(encoding="utf-8")


def test_axes_count_days_months_or_years():
    assert [clock_for(d) for d in (84, 120, 121, 1461, 1830)] == [DAYS, DAYS, MONTHS, MONTHS, YEARS]
    assert MONTHS.of(365.25) == pytest.approx(12)
    assert list(MONTHS.ticks(728)) == [0, 3, 6, 9, 12, 15, 18, 21, 24]
    assert list(DAYS.ticks(84)) == [0, 14, 28, 42, 56, 70, 84]
    assert YEARS.words(182.625) == "6 months"
    assert YEARS.words(730.5) == "2 years"


def test_infusions_are_found_whether_or_not_the_first_look_counts_the_first(trial, tmp_path):
    later = Trial(Run.open(write_trial(tmp_path / "later", ("extended",), 2, 140, first_look_counts=False)))
    assert list(trial.infusions_d("extended")) == list(COURSES["extended"])
    assert list(later.infusions_d("extended")) == list(COURSES["extended"])
    assert later.first_course_end_d("extended") == trial.first_course_end_d("four_weekly") == 21


def test_igm_shows_median_and_middle_ninety_percent(trial):
    (ax,) = igm.figure(trial).axes
    table = trial.series.query("arm == 'extended'").pivot(index="time_d", columns="replicate", values="igm_g_per_L")
    line, _ = lines(ax, trial.looks["extended"].colour)
    assert line.get_xdata() == pytest.approx(table.index / 30.4375)
    assert line.get_ydata() == pytest.approx(np.median(table, axis=1))
    band = ax.collections[1].get_paths()[0].get_extents()
    assert (band.y0, band.y1) == pytest.approx((table.quantile(0.05, axis=1).min(), table.quantile(0.95, axis=1).max()))
    assert ax.get_xlabel().endswith("(months)")
    assert ax.get_ylabel() == "serum IgM (g/L)"


def test_the_table_of_one_patient_says_what_responses_and_progression_are(single, monkeypatch):
    falls = {"minor_frac": 0.3, "partial_frac": 0.6, "very_good_frac": 0.8, "progression_frac": 0.2, "progression": 7.0}
    monkeypatch.setattr(single, "rules", falls)
    (table,) = key_numbers(single)[0].tables
    for words in ("minor from 30 %", "partial from 60 %", "very good from 80 %", "at least 20 % and 7 g/L"):
        assert words in table.caption


def test_igm_of_one_patient_is_a_line_alone(single):
    (ax,) = igm.figure(single).axes
    assert not ax.collections
    assert ax.lines[0].get_ydata() == pytest.approx(single.series["igm_g_per_L"])
    lowest = single.series["igm_g_per_L"].min()
    assert f"to {lowest:.3g} g/L at" in igm.seen(single)


def test_infusions_are_marked_on_their_days(trial):
    (ax,) = igm.figure(trial).axes
    marks = [line for line in ax.lines if line.get_marker() == "v"]
    assert [MONTHS.days * line.get_xdata() for line in marks] == [
        pytest.approx(days) for days in (COURSES[name] for name in trial.protocols)
    ]


def test_stacked_parts_sum_to_serum_igm(single):
    above, below = secretors.figure(single).axes
    top = above.collections[-1].get_paths()[0].vertices[:, 1].max()
    assert top == pytest.approx(single.series["igm_g_per_L"].max())
    assert secretors.stacked(single).sum(axis=1).to_numpy() == pytest.approx(single.series["igm_g_per_L"])
    assert below.lines[0].get_ydata() == pytest.approx(single.series["rituximab_ug_per_mL"])
    first = single.series.iloc[0]
    share = 100 * first["igm_clone_g_per_L"] / first["igm_g_per_L"]
    assert f"Clonal B cells {share:.1f} % of IgM at the start" in secretors.seen(single)


def test_spider_has_a_line_per_patient_in_the_colour_of_the_response(trial):
    ax = spider.figure(trial).axes[0]
    rows = trial.outcomes("four_weekly")
    drawn = [line for line in ax.lines if len(line.get_xdata()) > 2]
    assert len(drawn) == 30
    for line, (_, row) in zip(drawn, rows.iterrows(), strict=True):
        assert line.get_color() == responses.GRADES[row["response"]].colour
        assert 100 * (row["peak_rel"] - 1) == pytest.approx(np.nanmax(line.get_ydata()[:13]))
    assert texts(ax) == ["−25 %", "−50 %", "−90 %"]


def test_spider_draws_the_first_hundred(tmp_path):
    many = Trial(Run.open(write_trial(tmp_path / "many", ("four_weekly",), 105, 28)))
    (ax,) = spider.figure(many).axes
    assert sum(len(line.get_xdata()) > 2 for line in ax.lines) == 100


def test_waterfall_bars_are_the_sorted_best_changes(trial):
    for ax, protocol in zip(waterfall.figure(trial).axes, trial.protocols, strict=True):
        rows = trial.outcomes(protocol).sort_values("best_change_frac", ascending=False)
        assert [bar.get_height() for bar in ax.patches] == pytest.approx(100 * rows["best_change_frac"])
        colours = [responses.GRADES[name].colour for name in rows["response"]]
        assert [bar.get_facecolor() for bar in ax.patches] == [to_rgba(colour) for colour in colours]
    n = (trial.outcomes("four_weekly")["best_change_frac"] <= -0.5).sum()
    assert f"{n} by at least 50 %" in waterfall.seen(trial)


def test_words_and_lines_are_those_of_the_scenario_s_own_rules(tmp_path):
    folder = write_trial(tmp_path / "own", ("four_weekly",), 6)
    own = IgmResponse(minor_frac=0.1, partial_frac=0.4, any_rise_frac=0.2, flare_frac=0.6, flare_until="1344 h")
    declare(folder, own)
    trial = Trial(Run.open(folder))
    assert texts(spider.figure(trial).axes[0]) == texts(waterfall.figure(trial).axes[0]) == ["−10 %", "−40 %", "−90 %"]
    n = int((trial.outcomes("four_weekly")["best_change_frac"] <= -0.4).sum())
    assert f"{n} by at least 40 %" in waterfall.seen(trial)
    figure = flare_histogram.figure(trial)
    assert [line.get_xdata()[0] for line in figure.axes[0].lines] == [20.0, 60.0]
    assert [key.get_text() for key in figure.legends[0].get_texts()] == ["+20 %: a rise", "+60 %: a flare"]
    assert "IgM rose by more than 20 % in" in flare_histogram.seen(trial)
    assert "within 8 weeks" in figure.axes[0].get_xlabel()
    rows = [row[0] for row in key_numbers(trial)[0].tables[0].rows]
    assert "Partial response or better (≥ 40 %)" in rows
    assert "IgM flares (≥ 60 % within 8 weeks)" in rows


def test_a_folder_that_declares_nothing_is_told_by_the_names_of_its_columns(tmp_path):
    folder = write_trial(tmp_path / "old", ("four_weekly",), 6, 84)
    (folder / "measures.json").unlink()
    old = Trial(Run.open(folder))
    rows = [row[0] for row in key_numbers(old)[0].tables[0].rows]
    assert {"partial or better", "time to partial, median (d)", "best change, median (%)"} <= set(rows)
    assert (math.isnan(old.rule("flare_frac")), flare_histogram.applies(old)) == (True, False)
    assert "serum IgM" not in simulated(old)
    assert " g/L" in simulated(old)


def test_a_protocol_in_which_nothing_was_seen_hides_no_bar_of_another(tmp_path):
    folder = write_trial(tmp_path / "unseen", ("four_weekly", "one"), 9)
    ends = pd.read_csv(folder / "end_points.csv")
    changes = ends["best_change_frac"].mask(ends["arm"] == "one")
    first, last = waterfall.figure(with_columns(folder, "end_points.csv", best_change_frac=changes)).axes
    assert (len(first.patches), len(last.patches)) == (9, 0)
    lo, hi = first.get_xlim()
    assert all(lo < bar.get_x() and bar.get_x() + bar.get_width() < hi for bar in first.patches)


def test_swimmers_in_whom_progression_was_not_observed_are_none_without_it(tmp_path):
    folder = write_trial(tmp_path / "short", ("four_weekly",), 6, 42)
    unseen = with_columns(folder, "end_points.csv", progressed=[0, 0, np.nan, np.nan, np.nan, np.nan])
    told = "0 progressed and 2 had not by their last visit, in 4 progression was not observed"
    assert told in swimmer.seen(unseen)


def test_without_albumin_a_protocol_is_not_split_by_it(tmp_path):
    folder = write_trial(tmp_path / "unknown", ("four_weekly",), 6)
    (group,) = time_to_progression.groups(with_columns(folder, "end_points.csv", baseline_albumin_g_per_L=np.nan))
    assert (group.words, group.time_d.size) == ("four weekly", 6)


def test_times_from_the_first_dose_say_so(trial):
    for ax in (swimmer.figure(trial).axes[0], time_to_progression.figure(trial).axes[1]):
        assert ax.get_xlabel() == "time since the first dose (months)"


def test_swimmers_end_at_progression_or_the_last_visit(trial):
    rows = trial.outcomes("four_weekly")
    length = rows["time_to_progression_d"].fillna(rows["follow_up_d"]).sort_values(ascending=False)
    ax = swimmer.figure(trial).axes[0]
    assert [MONTHS.days * bar.get_width() for bar in ax.patches] == pytest.approx(length)
    arrows = ax.lines[-1].get_xdata()
    assert len(arrows) == rows["time_to_progression_d"].isna().sum()
    assert f"{rows['time_to_progression_d'].notna().sum()} progressed" in swimmer.seen(trial)


def test_responses_are_dated_from_the_end_of_the_first_course(trial):
    shown, rows = swimmer.courses(trial, "extended"), trial.outcomes("extended")
    reached = shown["partial_d"].dropna()
    assert reached.size > 5
    assert reached.to_numpy() == pytest.approx(21 + rows.loc[reached.index, "time_to_partial_d"])
    assert (reached <= shown.loc[reached.index, "length_d"]).all()


def test_at_most_forty_swim(tmp_path):
    many = Trial(Run.open(write_trial(tmp_path / "many", ("four_weekly",), 45, 28)))
    assert len(swimmer.figure(many).axes[0].patches) == 40


def test_curves_are_kaplan_and_meiers(trial):
    curve_ax, table_ax = time_to_progression.figure(trial).axes
    ticks = np.arange(0, 25, 3)
    for row, protocol in enumerate(trial.protocols):
        ends = trial.outcomes(protocol)
        event = ends["time_to_progression_d"].notna()
        time = ends["time_to_progression_d"].fillna(ends["follow_up_d"])
        expected = kaplan_meier(time, event)
        line = lines(curve_ax, trial.looks[protocol].colour)[0]
        assert line.get_drawstyle() == "steps-post"
        assert MONTHS.days * line.get_xdata()[:-1] == pytest.approx(expected.time)
        assert line.get_ydata()[:-1] == pytest.approx(100 * expected.share)
        counts = at_risk(time, np.minimum(ticks * MONTHS.days, 728))
        assert texts(table_ax)[9 * row : 9 * row + 9] == [str(n) for n in counts]
        assert f"{event.sum()} of 30 progressed" in time_to_progression.seen(trial)


def test_two_protocols_are_compared_by_log_rank(trial):
    groups = []
    for protocol in trial.protocols:
        ends = trial.outcomes(protocol)
        groups += [ends["time_to_progression_d"].fillna(ends["follow_up_d"]), ends["time_to_progression_d"].notna()]
    p = log_rank(*groups)
    assert time_to_progression.compared(time_to_progression.groups(trial)) == pytest.approx(p)
    assert f"p = {p:.2g}" in time_to_progression.seen(trial)


def test_one_protocol_is_split_by_the_factors_at_the_start(one_protocol):
    ends = one_protocol.end_points
    n_factors = (ends["baseline_igm_g_per_L"] > 40).astype(int) + (ends["baseline_albumin_g_per_L"] < 35)
    words = [time_to_progression.FACTORS[n] for n in sorted(n_factors.unique())]
    groups = time_to_progression.groups(one_protocol)
    assert [group.words for group in groups] == words
    assert [group.time_d.size for group in groups] == n_factors.value_counts().sort_index().tolist()
    assert "not reached" in time_to_progression.seen(one_protocol)


def test_symptoms_are_told_of_a_whole_protocol_from_the_first_visit_where_patients_are_asked(tmp_path, one_protocol):
    """Five of ten have symptoms, one every 100 d; the others are seen to the end: 30 % after a year."""
    days = [100.0, 200.0, 300.0, 400.0, 500.0, *[np.nan] * 5]
    folder = write_trial(tmp_path / "asked", ("four_weekly",), 10)
    asked = with_columns(folder, "end_points.csv", symptomatic=[1.0] * 5 + [0.0] * 5, time_to_symptoms_d=days)
    curve_ax, table_ax = time_to_symptoms.figure(asked).axes
    assert curve_ax.get_ylabel() == "free of symptoms (%)"
    assert table_ax.get_xlabel() == "time since the first visit (months)"
    (line,) = [line for line in curve_ax.lines if line.get_drawstyle() == "steps-post"]
    assert MONTHS.days * line.get_xdata()[1:6] == pytest.approx(days[:5])
    assert line.get_ydata()[1:6] == pytest.approx([90.0, 80.0, 70.0, 60.0, 50.0])
    assert "Four weekly: 30 % with symptoms after 1 year." in time_to_symptoms.seen(asked)
    assert "5 of 10 had symptoms, median time to symptoms 16.4 months" in time_to_symptoms.seen(asked)
    assert not time_to_symptoms.applies(one_protocol)


def test_drug_is_drawn_with_the_label_s_point_and_infusions(trial):
    (ax,) = pharmacokinetics.figure(trial).axes
    assert ax.get_yscale() == "log"
    (diamond,) = (line for line in ax.lines if line.get_marker() == "D")
    assert (MONTHS.days * diamond.get_xdata()[0], diamond.get_ydata()[0]) == pytest.approx((21, 486))
    table = trial.table("four_weekly", "rituximab_ug_per_mL")
    assert ax.lines[0].get_ydata() == pytest.approx(table.median(axis=1))
    assert f"{table.median(axis=1).max():.0f} µg/mL on day 21" in pharmacokinetics.seen(trial)
    assert "looks are 7 days apart" in pharmacokinetics.seen(trial)


def test_flares_are_counted_between_the_lines(trial):
    ax = flare_histogram.figure(trial).axes[0]
    peaks = 100 * (trial.outcomes("four_weekly")["peak_rel"] - 1)
    assert sum(bar.get_height() for bar in ax.patches) == 30
    assert sum(bar.get_height() for bar in ax.patches if bar.get_x() >= 25) == (peaks >= 25).sum() > 0
    assert sum(bar.get_height() for bar in ax.patches if bar.get_x() < 5) == (peaks < 5).sum()
    assert [line.get_xdata()[0] for line in ax.lines] == [5, 25]
    rose, flared = trial.outcomes("four_weekly")[["any_rise", "flare"]].sum()
    assert f"rose by more than 5 % in {rose} of 30 patients and flared in {flared}" in flare_histogram.seen(trial)


def test_viscosity_is_drawn_over_time_and_against_igm(trial, single):
    over_time, against = viscosity.figure(single).axes
    assert over_time.lines[1].get_ydata() == pytest.approx(single.series["viscosity_cP"])
    assert against.lines[1].get_xdata() == pytest.approx(single.series["igm_g_per_L"])
    assert against.lines[1].get_ydata() == pytest.approx(single.series["viscosity_cP"])
    assert [list(ax.lines[0].get_ydata()) for ax in (over_time, against)] == [[4, 4], [4, 4]]
    n = (trial.table("four_weekly", "viscosity_cP").max() >= 4).sum()
    assert f"{n} of 30 patients reach 4 cP in “four weekly”" in viscosity.seen(trial)


def test_the_scale_of_viscosity_ends_where_no_serum_flows(single, monkeypatch):
    thick = single.series.assign(viscosity_cP=single.series["viscosity_cP"] * 1e20)
    monkeypatch.setitem(vars(single), "series", thick)
    assert viscosity.figure(single).axes[0].get_ylim() == (1.0, 1000.0)


def test_predictive_check_shows_centiles_inside_their_bands(trial):
    t_d, values = predictive_check.looks(trial, "extended")
    assert t_d[-1] == 728
    middle = predictive_check.centiles(values)
    change = trial.change_percent("extended").loc[t_d]
    assert middle[1] == pytest.approx(change.median(axis=1))
    low, high = predictive_check.bands(values)
    assert (low <= middle + 1e-9).all()
    assert (middle <= high + 1e-9).all()
    ax = predictive_check.figure(trial).axes[1]
    shown = [line.get_ydata() for line in ax.lines[1:]]
    assert shown == [pytest.approx(row) for row in middle]


def test_bands_of_a_median_cover_what_theory_says():
    values = np.random.default_rng(3).normal(size=(30, 400))
    low, high = predictive_check.bands(values)[:, 1]
    assert (high - low).mean() == pytest.approx(2 * 1.96 * 1.2533 / 20, rel=0.08)


def test_twenty_patients_are_needed_for_a_predictive_check(trial, one_protocol):
    assert predictive_check.applies(trial)
    assert not predictive_check.applies(one_protocol)


def test_cells_are_medians_in_their_units(trial):
    fig = cells.figure(trial)
    clone, _, plasma = fig.axes[:3]
    assert clone.get_title(loc="left") == "Clone"
    expected = trial.table("four_weekly", "n_clone").median(axis=1) * trial.run.measures().of("n_clone").factor
    assert clone.lines[0].get_ydata() == pytest.approx(expected)
    assert len(plasma.lines) == 4
    lowest = trial.table("four_weekly", "rel_cd20").median(axis=1).min()
    assert f"CD20 per cell at least {lowest:.2g}" in cells.seen(trial)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.TITLE)
def test_every_figure_has_units_and_a_sentence(trial, single, kind):
    for one in (trial, single):
        if kind.applies(one):
            axes = kind.figure(one).axes
            labels = {label for ax in axes for label in (ax.get_xlabel(), ax.get_ylabel()) if label}
            units = {measure.shown for measure in Patient.measures} | {"patients", "patients, sorted"}
            assert all("(" in label for label in labels - units)
            assert re.search(r"\d.*\.$", kind.seen(one))


def test_comparisons_of_patients_do_not_apply_to_one(trial, single):
    of_igm = [kind for kind in KINDS if kind.applies(trial)]
    assert {kind.TITLE for kind in set(KINDS) - set(of_igm)} == OF_CLL | OF_WEIGHTS | {
        "Observed against simulated",
        "Time to symptoms",
    }
    names = {kind.TITLE for kind in of_igm if not kind.applies(single)}
    assert names == {"Waterfall plot", "Swimmer plot", "Time to progression", "IgM flare", "Visual predictive check"}


def test_missing_looks_and_many_protocols_are_drawn(tmp_path):
    folder = write_trial(tmp_path / "gaps", tuple(COURSES), 3, 140)
    series = pd.read_csv(folder / "series.csv")
    series.query("replicate > 0 or time_h < 2000").to_csv(folder / "series.csv", index=False)
    holed = Trial(Run.open(folder))
    assert holed.infusions_d("none").size == 0
    for kind in KINDS:
        if kind.applies(holed):
            style.png(kind.figure(holed), kind.TITLE)
            assert "nan" not in kind.seen(holed)


def test_report_carries_every_figure_and_needs_nothing_from_outside(html, trial, single_html):
    page = Page(html)
    assert {path.stem for path in (trial.run.path / "figures").glob("*.png")} == set(
        re.findall(r'figure id="(\w+)"', html)
    )
    assert page.tags.count("img") == len(applying("trial", trial)) > Page(single_html).tags.count("img") > 0
    assert all(address.startswith(("data:image/png;base64,", "figures/", "#")) for address in page.addresses)
    assert not {"script", "link", "iframe", "object"} & set(page.tags)
    assert not re.search(r"url\(|@import|https?://", html)
    assert all(len(alt) > 20 for alt in page.alts)


def test_report_says_what_was_simulated_and_what_it_is_for(html, single_html):
    start = "30 virtual patients, the same in each protocol, followed for 23.9 months from the first infusion"
    assert f"{start} in each of 2 protocols: “four weekly” and “extended”" in html
    assert "Research use only; no advice on doses or treatment." in html
    assert "Rituximab &amp; flare" in html
    assert "One virtual patient followed for 23.9 months" in single_html


def test_follow_up_is_from_the_first_infusion_only_where_all_begin_at_once(tmp_path):
    folder = write_trial(tmp_path / "late", ("four_weekly", "none"), 4, 84)
    assert "followed for 84 days from the first infusion in each" in simulated(Trial(Run.open(folder)))
    series = pd.read_csv(folder / "series.csv")
    later = series["dosed_mg"].mask(series["arm"] == "none", np.where(series["time_h"] > 500.0, DOSE_MG, 0.0))
    assert "followed for 84 days in each" in simulated(with_columns(folder, "series.csv", dosed_mg=later))


def test_key_numbers_are_the_summary_s(html, trial):
    found = trial.run.summary()["arms"]["extended"]["shares"]["partial_or_better"]
    ends = f"{100 * found['lo']:.1f}–{100 * found['hi']:.1f}"
    assert f"<td>{100 * found['share']:.1f} % ({found['k']} of 30; {ends})</td>" in html
    assert "<td>84 (63 to –)</td>" in html
    assert "<td>not reached</td>" in html
    assert "<td>−51.4 (−60 to −40)</td>" in html
    assert "four weekly vs extended</th><td>0.31</td>" in html


def test_numbers_of_one_patient_are_its_end_points(single_html, single):
    own = single.outcomes("four_weekly").iloc[0]
    assert f"<td>{100 * own['best_change_frac']:.3g}</td>".replace("-", "−") in single_html
    assert f"<td>{own['time_to_minor_d']:.3g}</td>" in single_html
    assert "<td>minor response</td>" in single_html


def test_parameters_and_hashes_are_complete(html):
    assert html.index("kmax_per_d") < html.index("v1_L</code>")
    assert "assumed: order of magnitude, CV 40 %" in html
    assert "cells &lt;of a size&gt;" in html
    assert REFERENCES["Treon2001"] in html
    assert REFERENCES["Unused1999"] not in html
    assert "ab" * 32 in html
    assert "cd" * 32 in html
    assert "duration: 728 d" in html


def test_drawn_hours_are_told_in_days(tmp_path):
    folder = write_trial(tmp_path / "units", ("four_weekly",), 3, 28)
    rows = [("a.half_life", "1", "h", "x", "", ""), ("a.rate", "1", "1/h", "x", "", "")]
    pd.DataFrame(rows, columns=["name", "value", "unit", "source", "description", "origin"]).to_csv(
        folder / "parameters.csv", index=False
    )
    drawn = {"a.half_life": [1200.0] * 3, "a.rate": [0.01] * 3}
    html = render(report, with_columns(folder, "patients.csv", **drawn), [], {})
    assert "<td>50 (50–50)</td><td>d</td>" in html
    assert "<td>0.24 (0.24–0.24)</td><td>1/d</td>" in html


SHORT = """\
extends: {base}
name: short
duration: {duration}
replicates: {n}
populations: {{b_cells: {{cells_per_agent: 2.0e+11}}}}
probes: {{patient: {{every: 7 d, at: []}}}}
arms: {{single: {{add: [{{infusion: 375 mg/m2}}]}}, untreated: {{}}}}
"""
WALDENSTROM = Path(__file__).parents[2] / "configs" / "parameters" / "waldenstrom.yaml"


def report_of(folder, duration, n):
    """Run patients for a short time and return rows of the key numbers by name, the text and the figures."""
    base = folder / "waldenstrom.yaml"
    base.write_text(WALDENSTROM.read_text(encoding="utf-8"), encoding="utf-8")
    path = folder / "short.yaml"
    path.write_text(SHORT.format(base=base.name, duration=duration, n=n))
    found = Run.open(abm.simulate(load_scenario(path), out=folder).folder)
    html = write_report(found.path).read_text(encoding="utf-8")
    text = re.sub(r"<pre.*?</pre>|data:[^\"]*", "", html, flags=re.DOTALL)
    rows = re.findall(r"<th[^>]*>([^<]*)</th>((?:<td[^>]*>[^<]*</td>)+)", text)
    cells = {name: re.findall(r">([^<]*)</td>", cells) for name, cells in rows}
    return cells, text, re.findall(r'figure id="(\w+)"', html)


def test_a_report_says_what_was_not_observed(tmp_path):
    rows, text, figures = report_of(tmp_path, "6 weeks", 3)
    unseen = ["not observed", "not observed"]
    for name in ("IgM rises by more than 5 % (weeks 1–8)", "IgM above the start at 2 months", "Progressed",
                 "Time to progression, median (days from the first dose)"):  # fmt: skip
        assert rows[name] == unseen
    assert all(cell.startswith("0.0 % (0 of 3") for cell in rows["Partial response or better (≥ 50 %)"])
    first = "Time to partial response, median of responders (days from the end of the first course)"
    assert rows[first] == ["none", "none"]
    assert rows["Follow-up, median, reversed Kaplan and Meier (days)"] == ["42", "42"]
    assert not {"time_to_progression", "flare_histogram"} & set(figures)
    assert "nan" not in text.lower()


def test_a_report_of_a_single_visit_has_no_response(tmp_path):
    rows, text, figures = report_of(tmp_path, "5 d", 2)
    assert rows["Partial response or better (≥ 50 %)"] == ["not observed"] * 2
    assert rows["Best change of IgM, median (%)"] == ["not observed"] * 2
    assert "waterfall" not in figures
    assert "nan" not in text.lower()
    assert "Grade" not in text


def test_a_report_of_one_patient_tells_unseen_from_unreached(tmp_path):
    rows, text, _ = report_of(tmp_path, "10 weeks", 1)
    assert rows["Time to progression (days from the first dose)"] == ["not observed"] * 2
    assert rows["Time to partial response (days from the end of the first course)"] == ["not reached"] * 2
    assert rows["Highest IgM within 12 weeks (relative to the start)"] == ["not observed"] * 2
    assert rows["Best response"] == ["no response"] * 2
    assert "nan" not in text.lower()


def test_failed_checks_are_said_at_the_top(tmp_path):
    folder = write_trial(tmp_path / "bad", ("four_weekly",), 2, 28)
    summary = json.loads((folder / "summary.json").read_text()) | {"conservation": {"igm_rel_error": 1e-3}}
    (folder / "summary.json").write_text(json.dumps(summary))
    html = render(report, Trial(Run.open(folder)), [], {})
    numbers = html.index("2 Key numbers")
    assert numbers < html.index("A conservation check failed") < html.index("<table", numbers)
    assert '<td class="failed">✗ failed</td>' in html
