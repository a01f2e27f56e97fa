"""A file of the user's is known by its content, and named from wherever it is told."""

import pytest

from abm.core.errors import InputError
from abm.core.user_file import UserFile, files_of, known_by_content, with_paths


def test_its_hash_is_that_of_its_content(tmp_path):
    (tmp_path / "a.csv").write_text("abc")
    known = UserFile.model_validate(str(tmp_path / "a.csv")).known()
    assert known.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-4, "abc"
    assert known.known() == known


def test_other_content_is_refused_by_name(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("abc")
    known = UserFile(file=str(path)).known()
    path.write_text("abd")
    with pytest.raises(InputError, match=r"'a\.csv' has changed"):
        known.known()


@pytest.mark.parametrize(("name", "words"), [("none.csv", "not there"), (".", "a directory")])
def test_what_is_no_file_is_refused(tmp_path, name, words):
    with pytest.raises(InputError, match=words):
        UserFile(file=str(tmp_path / name)).known()


def test_in_plain_data_its_path_is_changed_and_nothing_else():
    file = {"file": "a/b.csv", "sha256": ""}
    data = {"table": file, "more": [file, {"file": "a/b.csv"}]}
    told = with_paths(data, lambda path: path.upper())
    assert told == {"table": file | {"file": "A/B.CSV"}, "more": [file | {"file": "A/B.CSV"}, {"file": "a/b.csv"}]}
    assert files_of({"x": (UserFile(file="a"),)}) == {("x", 0): UserFile(file="a")}


def test_an_unsaid_sheet_leaves_a_hash_as_it_was_and_a_said_one_is_part_of_it():
    own = {"file": "a/b.xlsx", "sha256": "0"}
    assert known_by_content([own]) == known_by_content([own | {"sheet": ""}]) == [{"file": "b.xlsx", "sha256": "0"}]
    assert known_by_content([own | {"sheet": "Patients"}])[0]["sheet"] == "Patients"
