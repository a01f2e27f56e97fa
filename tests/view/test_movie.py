"""Films have the frames that were asked for and show what happened."""

import io
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from abm.core.errors import InputError
from abm.view import movie
from abm.view.movie import Film, write
from abm.view.session import Session


def frames(data):
    with Image.open(data) as film:
        for n in range(film.n_frames):
            film.seek(n)
            yield np.asarray(film.convert("RGB")).astype(int)


def test_a_film_runs_from_start_to_end(scenario, tmp_path):
    path, told = tmp_path / "film.gif", []
    session = Session(scenario)
    write(path, session, Film(n_frames=5, fps=4), lambda done, total: told.append((done, total)))
    assert session.is_over
    assert told == [(n, 5) for n in range(1, 6)]
    seen = list(frames(path))
    assert len(seen) == 5
    with Image.open(path) as film:
        assert film.info["duration"] == 250
    assert all(np.abs(a - b).max() > 50 for a, b in pairwise(seen))


def test_a_patient_has_a_film_of_serum_igm(patient, tmp_path):
    write(tmp_path / "p.gif", Session(patient), Film(n_frames=3))
    assert len(list(frames(tmp_path / "p.gif"))) == 3


def test_a_film_until_now_leaves_the_session_as_it_is(session):
    for _ in range(4):
        session.step()
    session.add("rituximab", "5 ug/mL")
    before = session.simulations["both"].state()
    assert len(list(frames(io.BytesIO(movie.gif(session))))) == 4 + 1
    assert session.tick == 4
    assert session.simulations["both"].state()[0] == before[0]


def test_another_ending_is_refused(session, tmp_path):
    with pytest.raises(InputError, match=r"film.avi ends in '.avi'; allowed: .gif, .mp4"):
        write(tmp_path / "film.avi", session)


def test_mp4_without_ffmpeg_says_so(session, tmp_path, monkeypatch):
    monkeypatch.setattr(movie.FFMpegWriter, "isAvailable", classmethod(lambda cls: False))
    with pytest.raises(InputError, match="FFmpeg, which is not installed"):
        write(tmp_path / "film.mp4", session)


def test_a_folder_that_is_not_there_is_named(session, tmp_path):
    with pytest.raises(InputError, match="cannot be written"):
        write(tmp_path / "none" / "film.gif", session)
