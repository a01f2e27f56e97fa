"""An addition is told as one would say it, however complete the record is that it was read from."""

import pytest

from abm.scenario.arms import Arm

EVERY = dict.fromkeys(("serum", "b_cells", "nk_cells", "infusion", "infusion_mg", "plasmapheresis", "rituximab"))
RECORD = {"at": "0 h", "lacking": [], "of": "rituximab", "over": "4 h", "times": 1, "every": "168 h"}
RECORD |= {"unless_progressed": False, "missed": 0.0} | EVERY  # as earlier versions wrote every addition


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ({"rituximab": "10 mcg/mL"}, "rituximab 10 µg/mL"),
        ({"obinutuzumab_like": "0.5 ug/mL", "at": "30 min"}, "obinutuzumab like 0.5 µg/mL at 30 min"),
        ({"serum": 0.25, "lacking": ["c3", "igg"]}, "serum 25 % lacking C3 and IgG"),
        ({"serum": "25 %", "at": "4 h"}, "serum 25 % at 4 h"),
        ({"b_cells": 5000, "at": "2.0 h"}, "B cells 5,000 at 2 h"),
        ({"igg": "10 uM"}, "IgG 10 µM"),
        ({"ibrutinib": "420 mg"}, "ibrutinib 420 mg a day"),
        ({"ibrutinib": "420 mg", "missed": 0.3}, "ibrutinib 420 mg a day, 30 % of the doses missed"),
        ({"ibrutinib": "0 mg", "at": "4383 h"}, "no ibrutinib from 6 months on"),
        ({"ibrutinib": "140 mg", "at": "730.5 h"}, "ibrutinib 140 mg a day from 1 month on"),
        ({"ibrutinib": "1 uM", "at": "30 min"}, "ibrutinib 1 µM at 30 min"),
        ({"ibrutinib": "50 nM"}, "ibrutinib 0.05 µM"),
        ({"infusion_mg": 500}, "500 mg rituximab"),
        ({"infusion": "500 mg", "of": "ofatumumab_like"}, "500 mg ofatumumab like"),
        ({"infusion": "375 mg/m2", "times": 6, "every": "672 h", "at": "168 h"},
         "375 mg/m² rituximab, 6 infusions, one every 28 d from 7 d on"),
        ({"anti_cd59": 1.0, "at": "0.1 h"}, "CD59 blocked 100 % at 6 min"),
        ({"dheas": "1.0000000000000002 uM"}, "DHEAS 1 µM"),
        ({"plasmapheresis": 0.6, "at": "72 h"}, "plasma exchange of 60 % at 3 d"),
    ],
)  # fmt: skip
def test_an_addition_is_told_as_one_would_say_it(item, words):
    for written in (item, RECORD | item):
        assert Arm.model_validate({"add": [written]}).words() == words


def test_an_arm_tells_what_it_adds_leaves_out_and_changes():
    add = [{"rituximab": "10 ug/mL"}, {"serum": "25 %", "at": "4 h"}]
    arm = {"add": add, "without": ["nk_cells"], "set": {"space.side": "1 mm"}, "change": []}
    assert (
        Arm.model_validate(arm).words() == "rituximab 10 µg/mL; serum 25 % at 4 h; without NK cells; space.side = 1 mm"
    )
    assert Arm().words() == "nothing added"
    changed = {"at": "15 min", "set": {"processes.binding": None, "serum.c3_nM": 3515}}
    assert Arm.model_validate({"change": [changed]}).words() == (
        "from 15 min on binding switched off; from 15 min on serum.c3_nM = 3515"
    )
