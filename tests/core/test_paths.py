"""``~`` is a home, and nothing else."""

import pwd
from pathlib import Path

import pytest

from abm.core.errors import InputError
from abm.core.paths import from_home


@pytest.fixture(autouse=True)
def _home(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/ada")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("~", "/home/ada"),
        ("~/runs", "/home/ada/runs"),
        (Path("~/runs"), "/home/ada/runs"),
        ("~root/runs", f"{pwd.getpwnam('root').pw_dir}/runs"),
        ("runs", "runs"),
        ("./~runs/a~b", "~runs/a~b"),
        ("/tmp/x~", "/tmp/x~"),
        ("", "."),
    ],
)
def test_a_tilde_in_front_is_the_home_folder(text, expected):
    assert from_home(text) == Path(expected)


@pytest.mark.parametrize("text", ["./~", "a/~/b", "/tmp/~", "~nobody-of-that-name/runs"])
def test_no_folder_is_named_like_the_home(text):
    with pytest.raises(InputError, match="no home folder is known for '~'; allowed: the whole path, such as /"):
        from_home(text)


@pytest.mark.parametrize("home", ["", "relative", "~"])
def test_without_a_home_it_is_refused(monkeypatch, home):
    monkeypatch.setenv("HOME", home)
    with pytest.raises(InputError, match="no home folder"):
        from_home("~/runs")


def test_a_user_who_is_not_in_the_list_of_users_has_no_home(monkeypatch):
    monkeypatch.delenv("HOME")
    monkeypatch.setattr("os.getuid", lambda: 2**31 - 7)
    with pytest.raises(InputError, match="no home folder"):
        from_home("~/runs")


def test_a_file_of_ones_own_may_begin_with_a_tilde():
    Path("~old.yaml").touch()
    assert from_home("~old.yaml") == Path("~old.yaml")
