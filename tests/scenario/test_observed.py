"""What was published of an arm: shares with their range, or words, each with its source; it changes nothing."""

from pathlib import Path

import pytest

from abm.core.errors import InputError
from abm.document.load import dump
from abm.evidence.golay2003 import CLAIMS
from abm.scenario.from_file import load_scenario
from abm.scenario.published import observed_table

SCENARIOS = Path(__file__).parents[2] / "configs" / "scenarios"
WELL = """\
populations: {{b_cells: {{n: 20}}}}
x_axis: {{name: dose{half}}}
arms:
  none: {{add: [{{rituximab: 1 ug/mL}}]}}
  a:
    add: [{{rituximab: 1 ug/mL}}]
    observed: [{{{observed}}}]
"""
GOOD = "of: lysis, value: 27 %, lo: 19 %, hi: 0.35, source: Golay2003"


def load(tmp_path, observed=GOOD, half=""):
    file = tmp_path / "well.yaml"
    file.write_text(WELL.format(observed=observed, half=half))
    return load_scenario(file)


def test_an_observation_is_a_share_and_stays_with_its_arm_alone(tmp_path):
    scenario = load(tmp_path)
    one = scenario.arms["a"].observed[0]
    assert (one.value, one.lo, one.hi) == (0.27, 0.19, 0.35)
    assert scenario.arms["a"].untreated().observed == ()
    assert scenario.arms["a"].words() == scenario.arms["none"].words()
    (tmp_path / "again.yaml").write_text(dump(scenario))
    assert load_scenario(tmp_path / "again.yaml") == scenario


def test_the_table_calls_it_as_the_summary_does(tmp_path):
    table = observed_table(load(tmp_path))
    assert {name: own[0] for name, own in table.items()} == {
        "arm": "a", "of": "specific_lysis", "time_h": None, "value": 0.27, "lo": 0.19, "hi": 0.35, "unit": "1",
        "words": "", "beside": "", "group": "", "source": "Golay2003",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("observed", "message"),
    [
        ("of: lysys, value: 1 %, source: Golay2003", r"observed.0.of  a run does not tell 'lysys'.*mean 'lysis'"),
        ("of: lysis, value: 1 %, source: Goley2003", r"observed.0.source  no reference 'Goley2003'.*mean 'Golay2003'"),
        ("of: lysis, value: 5 %, lo: 6 %, hi: 7 %, source: Golay2003", r"lo and hi do not hold the value"),
        ("of: lysis, value: 5 %, lo: 1 %, source: Golay2003", r"lo and hi do not hold the value"),
        ("of: lysis, words: less, lo: 1 %, hi: 2 %, source: Golay2003", r"lo and hi do not hold the value"),
        ("of: lysis, source: Golay2003", r"neither a value nor words; allowed: value, words or both"),
        ("of: lysis, value: 1 h, source: Golay2003", r"observed.0.value  '1 h' is of dimension time"),
        ("of: lysis, value: 1 %", r"observed.0.source"),
        ("of: lysis, words: less, beside: non, source: Golay2003", r"beside  no other arm 'non'.*mean 'none'"),
        ("of: lysis, words: less, beside: a, source: Golay2003", r"beside  no other arm 'a'"),
        ("of: first_kill_h, value: 0.5, source: Golay2003", r"does not tell 'first_kill_h'; allowed: survival"),
    ],
)
def test_what_cannot_stand_beside_a_run_is_refused_at_its_place(tmp_path, observed, message):
    with pytest.raises(InputError, match=rf"well.yaml:7:\d+ .*{message}"):
        load(tmp_path, observed)


@pytest.mark.parametrize(
    ("half", "message"),
    [
        ("lo: 10, hi: 5, source: Golay2003", r"half_lysis.lo  10 is above 5"),
        ("lo: 5, hi: 10, source: nobody", r"half_lysis.source  no reference 'nobody'"),
        ("lo: 0, hi: 10, source: Golay2003", r"half_lysis.lo"),
    ],
)
def test_where_half_is_lysed_is_in_order_and_has_a_source(tmp_path, half, message):
    with pytest.raises(InputError, match=rf"well.yaml:2:\d+  x_axis.{message}"):
        load(tmp_path, half=f", half_lysis: {{{half}}}")


def test_the_arms_of_golay_hold_the_numbers_of_their_claims():
    arms = load_scenario(SCENARIOS / "golay2003.yaml").arms
    claims = {claim.id: (claim.observed, claim.lo, claim.hi) for claim in CLAIMS}
    told = {name: tuple(100 * n for n in (own.value, own.lo, own.hi)) for name, a in arms.items() for own in a.observed}
    names = {"pbmc": "N1-PBMC", "il2_pbmc": "N1-IL2-PBMC", "resting_nk": "V8-primary", "expanded_nk": "N1-expanded"}
    names["resting_nk_on_lines"] = "V8-lines"
    assert told == {arm: pytest.approx(claims[claim]) for arm, claim in names.items()}
