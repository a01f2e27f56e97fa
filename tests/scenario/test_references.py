"""The bibliography reads as one line per entry."""

import re

from abm.scenario.references import BIBLIOGRAPHY, references


def test_every_entry_of_the_file_is_read():
    assert len(references()) == BIBLIOGRAPHY.read_text().count("\n@") + BIBLIOGRAPHY.read_text().startswith("@")


def test_a_citation_names_authors_year_title_and_place():
    for key, text in references().items():
        assert "\n" not in text
        assert re.match(r"\S.* \((\d{4}|n\.d\.)\) \S.*\. \S", text), key
        assert not set("{}\\") & set(text), key
        year = re.search(r"\d{4}$", key)
        assert year is None or f"({year[0]})" in text, key


def test_two_authors_are_named_and_more_are_others():
    found = references()
    assert sum(" and others (" in text for text in found.values()) > 3
    names = {text.split(" (")[0] for text in found.values()}
    assert all(name.count(" and ") <= 1 for name in names)
