"""``abm odd`` and ``abm credibility`` write pages, ask, and refuse what they cannot read."""

import pytest

from tests.cli.conftest import SMALL


@pytest.fixture
def small(tmp_path):
    (tmp_path / "small.yaml").write_text(SMALL)
    return tmp_path / "small.yaml"


def test_odd_describes_a_users_scenario_as_markdown_and_as_a_page(call, small, tmp_path):
    ended = call("odd", small)
    assert (ended.code, ended.out.strip()) == (0, "small-odd.md")
    text = (tmp_path / "small-odd.md").read_text()
    assert text.startswith("# small: description of the model")
    assert text.count("\n## ") == 8
    assert "### 7.2 binding" in text
    assert '<a id="ref-bondza2017"></a>' in text
    assert "(#ref-bondza2017)" in text
    assert call("odd", small, "-o", "x.html", "--json").json == {"odd": "x.html"}
    page = (tmp_path / "x.html").read_text()
    assert page.count('<h2 id="h-') == 8
    assert '<h3 id="h-7.2">7.2 binding</h3>' in page
    assert 'href="#ref-Bondza2017"' in page
    assert 'id="ref-Bondza2017"' in page


def test_a_page_of_another_form_is_refused(call, small):
    for verb in ("odd", "credibility"):
        ended = call(verb, small, "-o", "x.pdf")
        assert (ended.code, "allowed: FILE.md or FILE.html" in ended.err) == (2, True)


def test_credibility_asks_once_and_takes_the_answers(call, small, tmp_path):
    assert call("credibility", small, "--ask", "a.yaml").out.strip() == "a.yaml"
    again = call("credibility", small, "--ask", "a.yaml")
    assert (again.code, "is there already" in again.err) == (2, True)
    text = (tmp_path / "a.yaml").read_text()
    (tmp_path / "a.yaml").write_text(text.replace("influence: null", "influence: high", 1))
    found = call("credibility", small, "--answers", "a.yaml", "--json").json
    assert found["credibility"] == "small-credibility.md"
    assert "Risk: open" in found["about"]
    written = (tmp_path / "small-credibility.md").read_text()
    assert "High." in written
    assert "``" not in written


def test_bad_answers_end_with_code_2_and_the_nearest_key(call, small, tmp_path):
    (tmp_path / "a.yaml").write_text("influense: low\n")
    ended = call("credibility", small, "--answers", "a.yaml")
    assert (ended.code, "did you mean 'influence'" in ended.err) == (2, True)
    assert "a.yaml:1" in ended.err
