"""Gates keep what lies inside, beads turn values into molecules, and both refuse what cannot be meant."""

import numpy as np
import pytest
from pydantic import ValidationError

from abm.core.errors import InputError
from abm.cytometry.beads import Beads
from abm.cytometry.events import Channel, Events
from abm.cytometry.gates import Polygon, Range, kept_by_each

RNG = np.random.default_rng(3)
X, Y = RNG.uniform(-1.5, 1.5, (2, 20_000))
EVENTS = Events("made.csv", "CSV", X.size, (Channel("x"), Channel("y")), lambda i: (X, Y)[i])
KIT = ((100.0, 2000.0), (1000.0, 20_000.0), (10_000.0, 200_000.0))


def test_a_polygon_keeps_what_lies_inside():
    corners = ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))
    found = Polygon(channels=("x", "y"), corners=corners).keeps(EVENTS, True)
    assert np.array_equal(found, np.abs(X) + np.abs(Y) < 1.0)


def test_a_polygon_may_be_hollow():
    corners = ((-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (0.0, 0.0), (-1.0, 1.0))
    found = Polygon(channels=("x", "y"), corners=corners).keeps(EVENTS, True)
    assert np.array_equal(found, (np.abs(X) < 1.0) & (Y > -1.0) & (np.abs(X) > Y))


def test_gates_are_counted_one_after_another():
    kept, left = kept_by_each(EVENTS, (Range(channel="x", lo=0.0), Range(channel="y", hi=0.5)), True)
    assert left == [(X >= 0.0).sum(), ((X >= 0.0) & (Y <= 0.5)).sum()]
    assert np.array_equal(kept, (X >= 0.0) & (Y <= 0.5))


@pytest.mark.parametrize(
    ("gate", "words"),
    [
        (Range(channel="x", lo=1.499), r"gates\.1.*gate 2 \(x from 1\.499\) keeps \d+ of 20000.*at least 100 events"),
        (Range(channel="X", lo=0.0), r"gates\.1.*no channel 'X'"),
    ],
)
def test_a_gate_that_keeps_too_few_or_names_nothing_is_refused(gate, words):
    with pytest.raises(InputError, match=words):
        kept_by_each(EVENTS, (Range(channel="y", lo=-1.0), gate), True)


@pytest.mark.parametrize(
    ("gate", "said", "words"),
    [
        (Range, {"channel": "x"}, "without an end"),
        (Range, {"channel": "x", "lo": 2.0, "hi": 1.0}, "lo below hi"),
        (Polygon, {"channels": ("x", "y"), "corners": ((0.0, 0.0), (1.0, 1.0))}, "found 2 corners"),
        (Beads, {"beads": KIT[:2]}, "found 2 beads"),
        (Beads, {"beads": (KIT[0], KIT[2], KIT[1])}, "bead 3, 1000 with 20000 molecules, does not rise above bead 2"),
        (Beads, {"beads": (*KIT, (20_000.0, 100_000.0))}, "bead 4"),
    ],
)
def test_what_cannot_be_meant_is_refused(gate, said, words):
    with pytest.raises(ValidationError, match=words):
        gate(**said)


def test_molecules_lie_on_the_line_through_the_beads():
    beads = Beads(beads=KIT, dyes_per_antibody=4.0)
    assert beads.line == pytest.approx((np.log10(20.0), 1.0, 1.0))
    found = beads.molecules(np.array([-5.0, 0.0, 100.0, 3000.0]))
    assert found == pytest.approx([0.0, 0.0, 500.0, 15_000.0])


def test_the_line_is_that_of_least_squares():
    beads = Beads(beads=((80.0, 2000.0), (1400.0, 20_000.0), (9000.0, 200_000.0), (60_000.0, 900_000.0)))
    x, y = np.log10(beads.beads).T
    slope, intercept = np.polyfit(x, y, 1)
    assert beads.line == pytest.approx((intercept, slope, np.corrcoef(x, y)[0, 1] ** 2))


def test_what_lies_beyond_the_beads_is_told():
    values = np.concatenate([np.full(90, 500.0), np.full(10, 20_000.0)])
    assert Beads(beads=KIT).warnings(values) == [
        "10.0 % of the events lie above the highest bead (10000): extrapolated"
    ]
    bent = Beads(beads=((100.0, 2000.0), (1000.0, 2500.0), (10_000.0, 200_000.0)))
    assert "off their line" in bent.warnings(values[:90])[0]
