"""The report is one file, escapes what the user wrote and does not hide a failed check."""

import json
import re
from itertools import pairwise

import pytest

from abm.plot.catalogue import applying
from abm.plot.page.parallel import start_drawing
from abm.plot.page.report import render, write_report
from abm.plot.well import report
from abm.results.tables import ReadError
from tests.plot.page import Page

REFERENCES = {"Bondza2017": "Bondza et al., Front Immunol 2017", "DallOzzo2004": "Dall’Ozzo et al., Cancer Res 2004"}


STEPS = {
    "serum": {"mean": -0.12, "lo": -0.2, "hi": -0.04},
    "effectors": {"mean": 0.91, "lo": 0.71, "hi": 1.11},
    "both": {"mean": 0.91, "lo": -0.8, "hi": 2.6},
}


@pytest.fixture(scope="module")
def html(run):
    return write_report(run.path, REFERENCES).read_text(encoding="utf-8")


def change_summary(run, **changes):
    path = run.path / "summary.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    return run


def test_report_loads_nothing_from_outside(html):
    page = Page(html)
    assert all(address.startswith(("data:image/png;base64,", "figures/", "#")) for address in page.addresses)
    assert not {"script", "link", "iframe", "object"} & set(page.tags)
    assert not re.search(r"url\(|@import|https?://", html)


def test_every_figure_is_in_the_report_and_in_its_folder(html, run):
    page = Page(html)
    names = {path.stem for path in (run.path / "figures").glob("*.png")}
    assert page.tags.count("img") == len(names) == len(applying("well", run))
    assert all(len(alt) > 20 for alt in page.alts)


def test_what_is_offered_beside_the_report_lies_there(html, run):
    offered = [address for address in Page(html).addresses if address.startswith("figures/")]
    assert all((run.path / file).stat().st_size > 0 for file in offered)
    assert {path.name for path in (run.path / "figures").iterdir()} == {
        file.removeprefix("figures/") for file in offered
    }
    assert len([file for file in offered if file.endswith(".csv")]) > len(applying("well", run)) / 2
    assert "figures/alive.svg" in offered


def test_every_link_within_the_report_leads_somewhere(html):
    inner = {address[1:] for address in Page(html).addresses if address.startswith("#")}
    places = re.findall(r' id="([^"]+)"', html)
    assert inner <= set(places)
    assert len(places) == len(set(places))
    contents = html.partition('aria-label="Contents"')[2].partition("</nav>")[0]
    assert re.findall(r"#s-(\d)", contents) == list("12345678")
    assert "#survival_by_arm" in contents


def test_who_cannot_see_finds_the_way(html):
    assert '<html lang="en-GB">' in html
    assert html.index('href="#main"') < html.index("<h1>") < html.index('<main id="main"')
    levels = [int(level) for level in re.findall(r"<h(\d)", html)]
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert levels.count(1) == 1
    assert html.count("<table") == html.count("<caption") == len(re.findall(r"<table[^>]*>\s*<caption", html))
    assert all(re.search(r"\d", alt) for alt in Page(html).alts)


def test_a_report_begins_with_what_it_comes_to(html, run):
    short = html.partition('aria-label="In short"')[2].partition("</header>")[0]
    assert short.count("<p>") == 3
    least = min(run.summary()["arms"].items(), key=lambda own: own[1]["survival"]["mean"])
    assert f"{100 * least[1]['survival']['mean']:.1f} %" in short
    assert "means of 3 replicates" in short


def test_report_answers_in_eight_parts(html):
    heads = re.findall(r"<h2[^>]*>(\d)", html)
    assert heads == list("12345678")
    assert "Serum, effectors, both: what survives 24 h of rituximab?" in html
    assert "rituximab 10 µg/mL; serum 25 %; 600 NK cells" in html
    assert "Research use only" in html


def test_key_numbers_are_the_summary_s(html, run):
    found = run.summary()["arms"]["both"]["survival"]
    assert f"<strong>{100 * found['mean']:.1f} %</strong>" in html
    assert f"{100 * found['lo']:.1f}–{100 * found['hi']:.1f}" in html


def test_overridden_parameters_come_first_and_sources_resolve(html):
    assert html.index("max_frac</code>") < html.index("kd_nM</code>")
    assert html.count('class="overridden"') == 2
    assert '<a href="#ref-DallOzzo2004">DallOzzo2004</a>; fitted: V7' in html
    assert REFERENCES["Bondza2017"] in html


def test_same_run_gives_the_same_report(html, run):
    assert write_report(run.path, REFERENCES).read_text(encoding="utf-8") == html


def test_other_processes_draw_the_same_and_a_dead_one_is_made_up_for(html, run):
    for path in (run.path / "figures").iterdir():
        path.unlink()
    others = start_drawing(2)
    others[1].kill()
    assert write_report(run.path, REFERENCES, others).read_text(encoding="utf-8") == html
    assert [other.returncode for other in others] == [0, -9]


def test_a_process_that_is_told_nothing_ends():
    (other,) = start_drawing(1)
    other.stdin.close()
    assert other.wait(60) != 0


def test_text_of_the_scenario_is_escaped(make_run):
    bad = "<script>alert('x')</script> & more"
    html = render(report, make_run(title=bad, has_cells=False, has_fields=False), [], {})
    assert "<script" not in html
    assert "&lt;script&gt;alert" in html


def test_failed_checks_are_said_at_the_top(make_run):
    run = make_run(has_cells=False, has_fields=False)
    change_summary(run, conservation={"rituximab_rel_error": 2e-6}, step_check=STEPS)
    html = render(report, run, [], {})
    numbers = html.index("2 Key numbers")
    assert numbers < html.index("A conservation check failed") < html.index("3 Figures")
    assert numbers < html.index("The time step is too long") < html.index("3 Figures")
    assert re.findall(r"[✓✗?] (\w+)</td>", html) == ["failed", "passed", "failed", "undecided"]
    assert "−0.12 (−0.20 to −0.04)" in html


def test_what_was_dissolved_is_told_by_its_own_name(make_run):
    run = make_run(has_cells=False, has_fields=False)
    change_summary(run, conservation={"small_molecule_dissolved_rel_error": 0.0})
    assert "Small molecule dissolved = left + what became of it" in render(report, run, [], {})


def test_missing_step_check_says_how_to_get_it(html):
    assert "abm run --check-step" in html


def test_one_replicate_has_no_intervals(make_run):
    html = render(report, make_run(replicates=1, has_cells=False, has_fields=False), [], {})
    assert "there is none between wells" in html


def test_scenario_that_is_no_yaml_is_still_shown(make_run):
    run = make_run(has_cells=False, has_fields=False)
    (run.path / "scenario.yaml").write_text("# A question\n[unclosed", encoding="utf-8")
    html = render(report, run, [], {})
    assert "A question" in html
    assert "[unclosed" in html


def test_unfinished_run_is_refused(make_run):
    run = make_run(has_cells=False, has_fields=False)
    (run.path / "summary.json").unlink()
    with pytest.raises(ReadError):
        write_report(run.path)
