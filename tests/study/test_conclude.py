"""What several read-outs conclude of one run stands side by side."""

from abm.readouts.igm_response import IgmResponse
from abm.study.conclude import _joined, declared


def test_summaries_of_two_readouts_are_joined_arm_by_arm():
    one = {"patients": 3, "arms": {"a": {"n": 3, "shares": {"flare": 1}}}, "log_rank": {}}
    two = {"patients": 3, "arms": {"a": {"n": 3, "shares": {"thick": 2}}, "b": {"n": 3}}}
    arms = {"a": {"n": 3, "shares": {"flare": 1, "thick": 2}}, "b": {"n": 3}}
    assert _joined(one, two) == {"patients": 3, "arms": arms, "log_rank": {}}


def test_a_run_declares_end_points_under_the_names_of_table_and_summary_with_its_rules_in_words():
    told = declared([IgmResponse(flare_until="8 weeks")])
    assert (told["level"], told["rules"]["flare_until"]) == ("igm_g_per_L", 1344.0)
    assert told["readouts"]["minor"]["words"] == told["readouts"]["minor_or_better"]["words"]
    assert told["readouts"]["flare"]["axis"] == "IgM flares (≥ 25 % within 8 weeks) (%)"
