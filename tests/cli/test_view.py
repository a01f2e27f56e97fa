"""The verbs view and movie: what they refuse, and the file that movie leaves."""

import socket

import pytest
from PIL import Image

from tests.cli.conftest import TINY


def test_a_port_in_use_is_named(call):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        ended = call("view", TINY, "--port", port, "--no-browser")
    assert ended.code == 2
    assert f"port {port} cannot be used" in ended.err
    assert "--port 0" in ended.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--arm", "serun"], "nearest: serum"),
        (["--set", "populations.b_cells.n=9000000"], "to watch; allowed"),
        (["--set", "duration=-1 h"], "duration"),
    ],
)
def test_what_cannot_be_watched_is_refused_before_the_page_opens(call, words, said):
    ended = call("view", TINY, "--no-browser", *words)
    assert ended.code == 2
    assert said in ended.err
    assert ended.out == ""


def test_a_movie_is_written_where_it_is_asked_for(call, tmp_path):
    ended = call(
        "movie", TINY, "--frames", 3, "--b-cells", "CD20", "--layer", "DHEAS", "--out", tmp_path / "a.gif", "--json"
    )
    assert ended.code == 0
    assert ended.json == {"movie": str(tmp_path / "a.gif")}
    with Image.open(tmp_path / "a.gif") as film:
        assert film.n_frames == 3


def test_the_movie_is_named_after_the_scenario(call, tmp_path):
    ended = call("movie", TINY, "--frames", 2, "--arm", "serum")
    assert ended.code == 0
    assert ended.out.strip().endswith(".gif")
    assert (tmp_path / ended.out.strip()).exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--b-cells", "size"], "found 'size'; allowed: fate, CD20"),
        (["--layer", "heat"], "found 'heat'; allowed: none, DHEAS"),
        (["--out", "film.avi"], "allowed: .gif, .mp4"),
        (["--frames", "1"], "greater than or equal to 2"),
    ],
)
def test_a_movie_that_cannot_be_is_refused(call, words, said):
    ended = call("movie", TINY, *words)
    assert ended.code == 2
    assert said in ended.err
