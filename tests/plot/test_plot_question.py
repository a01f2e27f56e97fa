"""A report says what was asked in words, and nothing that nobody asked: read from folders that were simulated."""

from html.parser import HTMLParser

import pandas as pd
import pytest

from abm.plot.catalogue import report_of
from abm.plot.page.report import render
from abm.scenario.from_file import load_scenario
from abm.study.run import run_scenario

WELL = """\
name: asked
title: Two arms
question: Who survives?
duration: 30 min
dt: 5 min
space: {kind: floor, side: 400 um, volume: 1 uL}
populations: {b_cells: {n: 30}, nk_cells: {per_b_cell: 2}}
processes: {binding: {kind: binding}, engagement: {kind: engagement}, killing: {kind: killing}}
arms:
"""
ARMS = """\
  serum: {add: [{rituximab: 10 mcg/mL}, {serum: 25 %}], without: [nk_cells]}
  both: {add: [{rituximab: 10 ug/mL}, {serum: 25 %, lacking: [complement]}, {b_cells: 5, at: 10 min}]}
  fresh: {add: [{rituximab: 10 ug/mL}, {nk_cells: 7, at: 10 min}]}
  slow: {add: [{rituximab: 69 nM}], set: {processes.killing: null}}
  late: {add: [{rituximab: 1 ug/mL}], change: [{at: 15 min, set: {processes.binding: null}}]}
"""
DOSES = "".join(f"  d{x}: {{x: {x}, group: rituximab, add: [{{rituximab: {x} ug/mL}}]}}\n" for x in (0.1, 1, 10))
PATIENT = """\
name: asked_patient
title: One patient
duration: 30 weeks
dt: 12 h
space: {kind: body}
populations: {b_cells: {kind: clone, cells_per_agent: 1.0e+11}}
processes:
  drug: {kind: two_compartment}
  plasma_cells: {kind: plasma_cells}
  igm: {kind: igm_turnover}
  plasmapheresis: {kind: plasmapheresis}
probes: {counts: null, patient: {every: 7 d}}
arms:
  label: {add: [{infusion: 375 mg/m2, times: 4, every: 7 d}]}
  extended:
    add: [{infusion: 375 mg/m2, times: 4}, {infusion: 375 mg/m2, times: 4, at: 13 weeks, unless_progressed: true}]
  flat: {add: [{plasmapheresis: 60 %}, {infusion: 500 mg, at: 3 d, over: 2 h}]}
  untreated: {}
"""


class Rows(HTMLParser):
    """The rows of all tables up to a heading, and the words of the page's first part."""

    def __init__(self, html):
        super().__init__()
        self.rows, self.open = [], False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        if tag == "tr":
            self.rows.append([])
        self.open = tag in {"th", "td", "strong"}
        if tag in {"th", "td"}:
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        self.open = self.open and tag == "strong"

    def handle_data(self, data):
        if self.open:
            self.rows[-1][-1] += data


def page_of(run):
    """Return the report of a run without its figures."""
    report = report_of(run.path)
    return render(report, report.tables(run.path), [], {})


def told(html, first, end):
    """Return the two columns of the tables between two headings."""
    body = html.partition("<main")[2]
    rows = Rows(body[body.index(first) : body.index(end)]).rows
    return {row[0]: row[1] for row in rows}


@pytest.fixture
def simulated(tmp_path):
    """Return the function that runs a scenario's text and gives its folder."""

    def run(text):
        file = tmp_path / "asked.yaml"
        file.write_text(text)
        return run_scenario(load_scenario(file), tmp_path / "runs", 1)

    return run


def test_the_report_of_wells_says_what_was_asked(simulated):
    html = page_of(simulated(WELL + ARMS))
    assert told(html, "What was asked", "Key numbers") == {
        "Scenario": "asked",
        "Seed": "1",
        "Replicates": "1",
        "Duration": "0.5 h",
        "B cells per well at the start": "30",
        "Time step": "5 min",
        "serum": "rituximab 10 µg/mL; serum 25 %; without NK cells",
        "both": "rituximab 10 µg/mL; serum 25 % lacking complement; B cells 5 at 10 min; 60 NK cells",
        "fresh": "rituximab 10 µg/mL; NK cells 7 at 10 min; 60 NK cells",
        "slow": "rituximab 10.005 µg/mL; killing switched off; 60 NK cells",
        "late": "rituximab 1 µg/mL; from 15 min on binding switched off; 60 NK cells",
    }


def test_the_report_of_wells_says_in_what_replicates_differ(simulated):
    cohort = (
        "replicates: 2\ncohort: {vary: {populations.b_cells.cd20.median: {cv: 0.5}, processes.killing.lag: "
        "{range: [1 h, 2 h]}, covariates.fcgr3a: {shares: {VV: 0.25, FF: 0.75}}}}\n"
    )
    text = WELL.replace("arms:", f"{cohort}arms:") + ARMS.splitlines()[0] + "\n"
    html = page_of(simulated(text))
    assert told(html, "What was asked", "Key numbers")["Donors differ in"] == (
        "populations.b_cells.cd20.median (cv 0.5); processes.killing.lag (1 h to 2 h); "
        "covariates.fcgr3a (VV 25.0 %, FF 75.0 %)"
    )


def test_the_report_of_a_dose_series_says_what_was_asked(simulated):
    axis = "x_axis: {name: rituximab, unit: ug/mL}\n"
    html = page_of(simulated(WELL + DOSES + axis))
    found = told(html, "What was asked", "Key numbers")
    assert {name: found[name] for name in ("d0.1", "d1", "d10")} == {
        "d0.1": "rituximab 0.1 µg/mL; 60 NK cells",
        "d1": "rituximab 1 µg/mL; 60 NK cells",
        "d10": "rituximab 10 µg/mL; 60 NK cells",
    }


def test_the_report_of_a_patient_says_what_each_protocol_gives(simulated):
    html = page_of(simulated(PATIENT))
    course = "375 mg/m² rituximab, 4 infusions, one every 7 d"
    assert told(html, "What was asked", ">2 ") == {
        "Scenario": "asked_patient",
        "Seed": "1",
        "Patients": "1",
        "Duration": "210 d",
        "Time step": "12 h",
        "label": course,
        "extended": f"{course}; {course} from 91 d on, withheld after progression",
        "flat": "plasma exchange of 60 %; 500 mg rituximab at 3 d, each over 2 h",
        "untreated": "nothing added",
    }


def test_a_run_that_knows_no_words_is_told_by_its_parameters(simulated):
    run = simulated(WELL + ARMS)
    table = pd.read_csv(run.path / "arms.csv")
    table.drop(columns="words").to_csv(run.path / "arms.csv", index=False)
    found = told(page_of(run), "What was asked", "Key numbers")
    assert found["serum"] == "rituximab 10 µg/mL; serum 0.25"
    assert found["fresh"] == "rituximab 10 µg/mL; at 0.166667 h, nk cells 7; 60 NK cells"
