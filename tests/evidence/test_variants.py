"""Variants of the model are compared by the evidence of their own fits, and the simplest as good is preferred."""

import json
import math
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from abm.core.errors import InputError
from abm.evidence import variants
from abm.evidence.calibrate import calibrate
from abm.evidence.emulation import from_json
from abm.evidence.fit import load_calibration
from abm.evidence.posterior import Literature
from abm.evidence.variants import is_of_variants, load_comparison, preferred, weighed
from abm.plot.evidence.found import Found
from abm.plot.evidence.variants import grade, in_short, sections
from abm.scenario.from_file import load_scenario
from abm.study.execute import local
from abm.study.jobs import Monitor, Stopped

STUDIES = Path(__file__).parents[2] / "configs" / "studies"
TINY = Path(__file__).parent / "variants_tiny.yaml"
CALIBRATION = TINY.with_name("killing_tiny.yaml")


def fitted(log_evidence, n_free, error=0.0, papers=(), is_good=True):
    """Return what a fit found, as far as it matters here; of papers log score and whether numbers are inside."""
    told = [
        {"paper": name, "is_paper": name != "A2", "log_score": score, "claims": [{"is_inside": one} for one in inside]}
        for name, score, inside in papers
    ]
    own = {"log_evidence": log_evidence, "log_evidence_error": error, "estimates": [{}] * n_free, "papers": told}
    return own | {"k_hat": 0.2 if is_good else 0.9, "is_good": is_good}


def test_bayes_factors_are_ratios_of_evidences_and_probabilities_share_them():
    rows = weighed([fitted(math.log(own), 2) for own in (1.0, 6.0, 3.0)], 1)
    assert [own["probability"] for own in rows] == pytest.approx([0.1, 0.6, 0.3])
    assert [own["against_best"]["bayes_factor"] for own in rows] == pytest.approx([1 / 6, 1.0, 0.5])
    assert [own["against_first"]["bayes_factor"] for own in rows] == pytest.approx([1.0, 6.0, 3.0])


def test_an_interval_has_the_errors_of_both_and_against_itself_there_is_none():
    first, best = weighed([fitted(0.0, 2, 0.3), fitted(1.0, 2, 0.4)], 1)
    assert math.log(first["against_best"]["hi"]) == pytest.approx(-1.0 + 1.96 * 0.5, abs=1e-3)
    assert best["against_best"] == first["against_first"] == {"bayes_factor": 1.0, "lo": 1.0, "hi": 1.0}
    assert first["lo"] < first["probability"] < first["hi"]


def test_evidence_beyond_all_numbers_is_still_a_number():
    rows = weighed([fitted(0.0, 1), fitted(-1e5, 1)], 1)
    assert rows[1]["against_best"]["bayes_factor"] > 0.0
    json.dumps(rows, allow_nan=False)


@pytest.mark.parametrize(("gap", "wanted"), [(1.0, 1), (1.2, 0)])
def test_the_simplest_within_a_factor_three_is_preferred(gap, wanted):
    rows = weighed([fitted(0.0, 5), fitted(-gap, 3), fitted(-0.5, 4), fitted(-9.0, 1)], 1)
    assert preferred(rows) == (wanted or 2)


def test_what_is_no_paper_is_not_counted_among_the_predicted():
    papers = [("Golay2003", -2.0, [True, False]), ("Kennedy2003", -4.0, [True]), ("A2", -90.0, [False])]
    (own, alone) = weighed([fitted(0.0, 1, papers=papers), fitted(0.0, 1)], 1)
    assert (own["mean_log_score"], own["n_inside"], own["n_numbers"]) == (pytest.approx(-3.0), 2, 3)
    assert alone["mean_log_score"] is None


@pytest.mark.parametrize(
    ("factor", "words"), [(2.9, "barely"), (3.1, "positive"), (19, "positive"), (21, "strong"), (151, "very strong")]
)
def test_strength_is_in_the_words_of_kass_and_raftery(factor, words):
    assert grade(factor) == words


def written(folder, text):
    """Write a comparison beside a copy of the tiny calibration, which others can reach, and return its file."""
    sets = os.path.relpath(STUDIES.parent, folder)
    (folder / CALIBRATION.name).write_text(CALIBRATION.read_text().replace("../../configs", sets))
    (folder / "mine.yaml").write_text(text.replace("CALIBRATION", CALIBRATION.name))
    return folder / "mine.yaml"


def rivals():
    return load_comparison(TINY)


def test_a_variant_is_the_calibration_with_its_changes():
    own, plain = rivals(), load_calibration(CALIBRATION)
    assert list(own.problems) == ["as_calibrated", "tame", "idle"]
    assert own.problems["as_calibrated"].identity() == plain.identity()
    paths = {name: [one.path for one in problem.ranges] for name, problem in own.problems.items()}
    assert paths["tame"] == ["processes.killing.repair_per_h"]
    assert paths["idle"] == ["processes.killing.rate_per_h", "processes.docking.rho50_per_cell"]
    tame = json.loads(own.problems["tame"].base)
    assert tame["processes"]["killing"]["rate_per_h"] == 0.5
    assert "shield" not in tame["processes"]


def test_what_is_set_replaces_what_the_calibration_sets_below():
    changed = load_comparison(TINY, ("variants.tame.set={processes.killing.rate_per_h: 0.7, dt: 7.5 min}",))
    assert json.loads(changed.problems["tame"].base)["dt"] == "0.125 h"
    assert json.loads(changed.problems["idle"].base)["dt"] == "0.25 h"


def test_a_file_with_variants_is_known_whether_they_stand_in_it_or_are_set(tmp_path):
    assert is_of_variants(TINY)
    assert not is_of_variants(STUDIES / "interaction.yaml")
    assert is_of_variants(STUDIES / "interaction.yaml", ["variants.a={}"])
    (tmp_path / "first.yaml").write_text(TINY.read_text())
    (tmp_path / "mine.yaml").write_text("extends: first.yaml\n")
    assert is_of_variants(tmp_path / "mine.yaml")


@pytest.mark.parametrize(
    ("calibration", "path"),
    [("calibration_patient", "processes.il6.strength"), ("calibration_cll", None), ("calibration_killing", None)],
)
def test_any_group_may_be_compared(tmp_path, calibration, path):
    path = path or next(iter(load_calibration(STUDIES / f"{calibration}.yaml").calibration.free))
    file = os.path.relpath(STUDIES / f"{calibration}.yaml", tmp_path)
    (tmp_path / "mine.yaml").write_text(f"calibration: {file}\nvariants: {{all: {{}}, fewer: {{fixed: [{path}]}}}}\n")
    own = load_comparison(tmp_path / "mine.yaml")
    assert len(own.problems["fewer"].ranges) == len(own.problems["all"].ranges) - 1
    assert path not in {one.path for one in own.problems["fewer"].ranges}


def test_the_comparison_of_variants_that_ships_is_accepted_and_takes_an_hour_on_two_cores_at_most():
    own = load_comparison(STUDIES / "killing_variants.yaml")
    told = variants.cost(own, 2)
    assert told["variants"] == len(own.problems)
    assert told["hours"] <= 1.0


WITHIN = """
calibration: CALIBRATION
variants:
  whole: {}
  alike: {off: [populations.nk_cells.hit_sigma]}
  own: {set: {processes.potency: null}}
"""


def beginning(folder, text=WITHIN):
    """Write a comparison of variants of a calibration whose NK cells differ from not at all upwards."""
    own = written(folder, text)
    tiny = folder / CALIBRATION.name
    more = "free:\n  populations.nk_cells.hit_sigma: {lo: 0, hi: 2}\n"
    tiny.write_text(tiny.read_text().replace("free:\n", more).replace("name: killing_tiny", "name: whole_tiny"))
    return own


def test_what_is_off_is_sampled_on_the_emulators_of_the_whole_fit(tmp_path):
    own = load_comparison(beginning(tmp_path))
    assert variants.cost(own, 1)["rows"] == 2 * variants.fits.cost(own.calibration, 1)["rows"]
    folder, told = variants.compare(own, tmp_path / "runs", local(1), Monitor())
    whole, alike, _ = told["variants"]
    assert [one["fit"] for one in told["variants"]] == ["whole_tiny", "whole_tiny", "mine.own"]
    assert (whole["n_free"], alike["n_free"], alike["off"]) == (2, 1, ["populations.nk_cells.hit_sigma"])
    fit = load_calibration(tmp_path / CALIBRATION.name)
    found = json.loads((tmp_path / "runs" / "fit" / "whole_tiny" / "fit.json").read_text())
    assert whole["log_evidence"] == found["log_evidence"]
    emulators = from_json(
        json.loads((tmp_path / "runs" / "fit" / "whole_tiny" / "emulators.json").read_text())["arrays"]
    )
    places = np.column_stack([np.zeros(2001), np.linspace(0.0, 1.0, 2001)])
    likely = np.exp(Literature.of(fit.claims).log_likelihood(*emulators.at(places)).sum(axis=1))
    exact = math.log(likely.mean()) + found["log_model"][0]
    assert alike["log_evidence"] == pytest.approx(exact, abs=3.0 * alike["error"])
    alone = load_scenario(folder.path / "alike.yaml")
    assert alone.populations.nk_cells.hit_sigma == 0.0
    drawn = pd.read_parquet(folder.path / "alike.parquet")
    assert (drawn["populations.nk_cells.hit_sigma"] == 0.0).all()
    assert 1.0 < drawn["processes.killing.rate_per_h"].median() < 8.0
    changes = next(section.tables[0] for section in sections(Found(folder.path), []) if section.tables)
    assert "no populations.nk_cells.hit_sigma" in str(changes.rows)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("nk_cells.hit_sigma]", "nk_cells.hit_sigm]", "does not begin at nothing.*did you mean .*hit_sigma"),
        ("populations.nk_cells.hit_sigma]", "processes.killing.rate_per_h]", "does not begin at nothing"),
        ("hit_sigma]}", "hit_sigma], set: {processes.potency: null}}", "off alone"),
    ],
)
def test_only_what_begins_at_nothing_can_be_off_and_nothing_beside(tmp_path, old, new, told):
    file = beginning(tmp_path)
    file.write_text(file.read_text().replace(old, new, 1))
    with pytest.raises(InputError, match=f"mine.yaml:5:.*{told}"):
        load_comparison(file)


def test_the_cost_is_that_of_all():
    each = [variants.fits.cost(problem, 1) for problem in rivals().problems.values()]
    assert variants.cost(rivals(), 1) == {"variants": 3} | {
        key: pytest.approx(sum(own[key] for own in each)) for key in ("points", "rows", "hours")
    }


MINE = """\
calibration: CALIBRATION
variants:
  plain: {}
  other:
    set:
      processes.killing.granules_per_hit_frac: 0.1
    free:
      processes.killing.repair_per_h: {lo: 0.1, hi: 1}
    fixed:
      - processes.killing.rate_per_h
"""


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("  plain: {}\n", "", r"2:1  variants  .*(2|two)"),
        ("variants:", "panel: x.yaml\ndecide: [A3]\nvariants:", r"2:1  panel  it is of .* hypotheses.*\n.*3:1  decide"),
        ("  plain:", "  pl ain:", r"3:3  variants  key 'pl ain'"),
        ("  plain:", "  nan:", r"3:3  variants\.nan.*'nan' reads as a missing value"),
        (
            "granules_per_hit_frac: 0.1",
            "granules_per_hit_frac: -1",
            r"6:7  variants\.other\.set\.processes\.killing\.granules_per_hit_frac  .*-1",
        ),
        (
            "granules_per_hit_frac: 0.1",
            "granules_per_hitt_frac: 0.1",
            r"6:7  variants\.other\.set\.\S*  .*did you mean '.*granules_per_hit_frac'",
        ),
        (
            "killing.granules_per_hit_frac",
            "kiling.granules_per_hit_frac",
            r"6:7  variants\.other\.set\S*  no 'kiling'.*mean 'killing'",
        ),
        ("killing.granules_per_hit_frac", "killing.rate_per_h", None),
        (
            "      - processes.killing.rate",
            "      - processes.killing.rat",
            r"10:9  .*fixed\.0  .*not free.*killing\.rate_per_h'",
        ),
        (
            "      - processes.killing.rate_per_h",
            "      - processes.killing.repair_per_h",
            r"10:9  .*fixed\.0  \S* is free in the same variant",
        ),
        (
            "killing.repair_per_h",
            "kiling.repair_per_h",
            r"8:7  variants\.other\.free\.processes\.kiling\.repair_per_h  no 'kiling' in .*mean 'killing'",
        ),
        ("lo: 0.1, hi", "lo: 7, hi", r"8:7  variants\.other\.free\.processes\.killing\.repair_per_h  .*no range"),
        ("    set:", "    sett:", r"5:5  variants\.other\.sett  unknown key"),
        (
            "  plain: {}",
            "  plain: {set: {space: {kind: body}}}",
            r"3:\d+  variants\.plain\.set  populations\.b_cells\.kind",
        ),
        (
            "  plain: {}",
            "  plain: {set: {processes.killing: null}}",
            r"3:\d+  variants\.plain\.set\S*  \S*rate_per_h is free",
        ),
        ("CALIBRATION", "none.yaml", r"1:1  calibration  no such file"),
        ("calibration: CALIBRATION", "points: 9\ncalibration: CALIBRATION", r"1:1  points  unknown key"),
    ],
)
def test_a_fault_of_a_variant_is_told_with_its_line(tmp_path, old, new, told):
    assert old in MINE
    file = written(tmp_path, MINE.replace(old, new))
    if told is None:  # what is fixed may be set
        assert load_comparison(file).asked.name == "mine"
        return
    with pytest.raises(InputError, match=rf"mine\.yaml:{told}"):
        load_comparison(file)


def test_a_claim_of_another_group_is_told_where_the_calibration_names_it(tmp_path):
    file = written(tmp_path, "calibration: CALIBRATION\nvariants: {a: {}, b: {}}\n")
    own = tmp_path / CALIBRATION.name
    own.write_text(own.read_text().replace("[V8-primary]", "[V8-primary, P9]"))
    with pytest.raises(InputError, match=r"killing_tiny\.yaml:5:22  claims\.1  P9 is of the group patient"):
        load_comparison(file)


class StopsOften(Monitor):
    """Asks to stop when so many experiments have ended."""

    def __init__(self, root, n_more):
        self.root, self.most = root, rows(root) + n_more

    @property
    def is_stopped(self):
        return rows(self.root) >= self.most


def counting(ran):
    """Return an engine that notes how many experiments ended well."""

    def engine(jobs, monitor):
        for outcome in local(1)(jobs, monitor):
            ran.append(len(outcome.job.rows) * (outcome.event == "done"))
            yield outcome

    return engine


def rows(root):
    return sum(path.read_bytes().count(b"\n") for path in root.glob("fit/*/rows.jsonl"))


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Return the folder of a comparison made at once, and what it found."""
    return variants.compare(rivals(), tmp_path_factory.mktemp("runs"), local(1), Monitor())


def test_a_variant_that_the_data_speak_against_loses_and_an_idle_range_changes_nothing(found):
    plain, tame, idle = found[1]["variants"]
    assert tame["log_evidence"] < plain["log_evidence"] - 5.0
    gap = abs(plain["log_evidence"] - idle["log_evidence"])
    assert gap < 3.0 * math.hypot(plain["error"], idle["error"])
    assert (plain["n_free"], idle["n_free"]) == (1, 2)
    assert found[1]["preferred"] == "as_calibrated"
    assert sum(own["probability"] for own in found[1]["variants"]) == pytest.approx(1.0)


def test_what_is_kept_is_what_was_found_and_is_told_in_words(found):
    folder, told = found
    assert json.loads((folder.path / "variants.json").read_text()) == told
    words = " ".join(in_short(Found(folder.path)))
    assert "Preferred is as_calibrated" in words
    assert told["papers"] == []


def test_stopped_on_its_way_it_ends_as_a_quiet_one_and_takes_over_what_a_fit_has_run(found, tmp_path):
    calibrate(load_calibration(CALIBRATION), tmp_path, local(1), Monitor())
    own, n_stops, ran = None, 0, []
    while own is None:
        try:
            own, _ = variants.compare(rivals(), tmp_path, counting(ran), StopsOften(tmp_path, 45))
        except Stopped:
            n_stops += 1
    assert n_stops >= 1
    assert (own.path / "variants.json").read_bytes() == (found[0].path / "variants.json").read_bytes()
    others = [variants.fits.cost(rivals().problems[name], 1)["rows"] for name in ("tame", "idle")]
    assert sum(ran) == sum(others)


def test_a_further_variant_is_fitted_alone(found):
    root = found[0].path.parents[1]
    before = {path.name: (path / "fit.json").stat().st_mtime_ns for path in root.glob("fit/*")}
    fewer = load_comparison(TINY, ("variants.tame=null",))
    folder, told = variants.compare(fewer, root, local(1), Monitor())
    assert folder.path != found[0].path
    assert [own["name"] for own in told["variants"]] == ["as_calibrated", "idle"]
    assert {path.name for path in root.glob("fit/*")} == set(before)
