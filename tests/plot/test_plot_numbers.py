"""Intervals and numbers in words."""

import numpy as np
import pytest

from abm.plot.page import wording
from abm.plot.page.question import leading_comment


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (12345.6, "12,300"),
        (0.2061, "0.206"),
        (1.5, "1.5"),
        (3.1e-14, "3.1 × 10⁻¹⁴"),
        (None, "–"),
        (np.nan, "–"),
    ],
)
def test_numbers_are_short_and_separated(value, text):
    assert wording.number(value) == text


def test_interval_is_left_out_where_there_is_none():
    assert wording.percent_interval(0.206, 0.198, 0.214) == "20.6 % (19.8–21.4)"
    assert wording.percent_interval(0.206, 0.206, 0.206) == "20.6 %"
    assert wording.percent_interval(0.206, None, None) == "20.6 %"


def test_list_reads_as_a_sentence():
    assert [wording.listing(list("abc")[:n]) for n in range(4)] == ["", "a", "a and b", "a, b and c"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0.016666666666666666", "0.0166667"),
        ("300000.0", "300,000"),
        ("(0.0, 4.0)", "0, 4"),
        ("-0.32", "−0.32"),
        ("VV", "VV"),
    ],
)
def test_settings_are_short_and_separated(value, text):
    assert wording.setting(value) == text


def test_units_are_written_with_mu():
    assert wording.units("80 ug/mL, um^2/s, uM, ulm") == "80 µg/mL, µm^2/s, µM, ulm"


def test_question_is_the_opening_comment():
    assert leading_comment("# What survives\n# 24 h?\nseed: 1\n# later") == "What survives 24 h?"
    assert leading_comment("seed: 1\n# later") == ""
