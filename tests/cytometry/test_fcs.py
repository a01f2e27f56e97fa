"""FCS files are read as the standard says, and refused for what is wrong with them."""

import numpy as np
import pytest

from abm.core.errors import InputError
from abm.core.user_file import UserFile
from abm.cytometry.read import read_events

N = 400
BRIGHT = np.linspace(-20.0, 900.0, N).astype(np.float32)


def events_of(path):
    return read_events(UserFile(file=str(path)).known())


def message(path, use=lambda events: None):
    with pytest.raises(InputError) as refused:
        use(events_of(path))
    return str(refused.value)


@pytest.mark.parametrize("order", ["1,2,3,4", "4,3,2,1"])
@pytest.mark.parametrize("kind", ["F", "D"])
def test_numbers_with_a_point_are_as_written_and_negative_ones_stay(write_fcs, kind, order):
    events = events_of(write_fcs({"FSC-A": BRIGHT[::-1], "APC-A": BRIGHT}, kind=kind, order=order, _P2S="CD20"))
    assert (events.n, events.form) == (N, "FCS3.1")
    assert np.array_equal(events.values("CD20"), BRIGHT)
    assert np.array_equal(events.values("FSC-A"), BRIGHT[::-1])


def test_linear_logarithmic_and_time_channels_are_told_apart(write_fcs):
    whole = np.arange(N)
    columns = {"FSC-H": whole, "FL1-H": whole, "Time": whole}
    events = events_of(write_fcs(columns, kind="I", _P1G="4", _P2E="4,1", _TIMESTEP="0.1"))
    assert [channel.kind for channel in events.channels] == ["linear", "log", "time"]
    np.testing.assert_allclose(events.values("FSC-H"), whole / 4)
    np.testing.assert_allclose(events.values("FL1-H"), 10.0 ** (4.0 * whole / 1024))
    np.testing.assert_allclose(events.values("Time"), 0.1 * whole)


def test_bits_above_the_range_of_whole_numbers_do_not_count(write_fcs):
    events = events_of(write_fcs({"A": np.arange(N) + 4096}, kind="I"))
    assert np.array_equal(events.values("A"), np.arange(N))


def test_what_spills_is_taken_off_and_what_is_then_negative_stays(write_fcs):
    true = np.stack([np.linspace(0.0, 500.0, N), np.linspace(30.0, -30.0, N)])
    spill = np.array([[1.0, 0.2], [0.05, 1.0]])
    seen = true.T @ spill
    columns = {"FITC": seen[:, 0], "Time": np.arange(N), "APC": seen[:, 1]}
    events = events_of(write_fcs(columns, _SPILLOVER="2,FITC,APC,1,0.2,0.05,1"))
    np.testing.assert_allclose(events.values("APC"), true[1], atol=1e-3)
    np.testing.assert_allclose(events.values("FITC"), true[0], atol=1e-3)
    np.testing.assert_allclose(events.values("APC", is_compensated=False), seen[:, 1], atol=1e-3)
    assert (events.values("APC") < 0.0).sum() == N // 2


@pytest.mark.parametrize(
    ("keywords", "words"),
    [
        ({"order": "3,4,1,2"}, "$BYTEORD is '3,4,1,2'; allowed: 1,2,3,4 or 4,3,2,1"),
        ({"_TOT": "0"}, "holds 0 events"),
        ({"_TOT": "500"}, "is cut off: it says that it holds 500 events, and has the bytes of 400"),
        ({"_MODE": "C"}, "$MODE is 'C'; allowed: L"),
        ({"_DATATYPE": "A"}, "$DATATYPE is 'A'"),
        ({"_P1B": "12"}, "channel 'A' has values of 12 bits; allowed: 32"),
        ({"_P1R": "many"}, "$P1R is 'many'; allowed: a number"),
        ({"_PAR": "0"}, "holds no channel"),
        ({"_PAR": "2"}, "keyword $P2B is missing"),
    ],
)
def test_a_file_in_another_form_is_refused(write_fcs, keywords, words):
    found = message(write_fcs({"A": BRIGHT}, **keywords))
    assert "sample.fcs" in found
    assert words in found


@pytest.mark.parametrize(
    ("matrix", "words"),
    [
        ("2,A,CD3,1,0,0,1", "names channels that there are not: CD3"),
        ("1,A,0", "has no inverse"),
        ("2,A,1", "has 3 parts"),
    ],
)
def test_a_spillover_matrix_that_does_not_fit_is_refused_where_it_is_used(write_fcs, matrix, words):
    path = write_fcs({"A": BRIGHT}, _SPILLOVER=matrix)
    found = message(path, lambda events: events.values("A"))
    assert words in found
    assert "compensation: none" in found
    assert np.array_equal(events_of(path).values("A", is_compensated=False), BRIGHT)


def test_several_data_sets_are_refused_by_name(write_fcs):
    path = write_fcs({"A": BRIGHT}, tail=b"FCS3.1", _NEXTDATA="0000000")
    end = path.stat().st_size - 6
    path = write_fcs({"A": BRIGHT}, tail=b"FCS3.1", _NEXTDATA=f"{end:07d}")
    assert "sample.fcs: holds several data sets" in message(path)


@pytest.mark.parametrize("n", [3, 30, 58, 100, -1, -1000])
def test_a_file_that_is_cut_off_is_refused_wherever(write_fcs, n):
    path = write_fcs({"A": BRIGHT})
    path.write_bytes(path.read_bytes()[:n])
    assert "sample.fcs" in message(path)


def test_a_channel_that_is_misspelt_is_told_with_its_neighbours(write_fcs):
    found = message(write_fcs({"APC-A": BRIGHT}, _P1S="CD20"), lambda events: events.values("CD2O"))
    assert "no channel 'CD2O'; allowed: APC-A (CD20)" in found
    assert "CD20'?" in found


def test_what_is_no_number_is_refused_where_it_is_used(write_fcs):
    values = BRIGHT.copy()
    values[7] = np.nan
    assert "in 1 events, first in event 8" in message(write_fcs({"A": values}), lambda events: events.values("A"))
