"""Every figure of every folder keeps to what all of them promise; a new one is tested as soon as its file is there.

Wells and trials are really simulated, studies and evidence are made up.
"""

import re
from functools import cache

import pytest
from matplotlib.colors import to_hex

from abm.plot import arms, catalogue
from abm.plot.page import downloads, style
from abm.plot.page.report import file_name, write_report
from tests.plot import simulated
from tests.plot.studies import EVIDENCE, STUDIES, write_evidence, write_study

FIGURES = [(folder, kind) for folder in catalogue.FOLDERS for kind in catalogue.figures(folder)]
each_figure = pytest.mark.parametrize(  # what all tests of a figure need is made once
    ("folder", "kind"), FIGURES, ids=[f"{folder}-{catalogue.name(kind)}" for folder, kind in FIGURES], scope="module"
)
RUNS = {"well": ("well", "series", "donors"), "trial": ("cohort", "cll")}
PALETTE = {to_hex(value) for value in vars(style).values() if isinstance(value, str) and value.startswith("#")}
PALETTE |= {to_hex(colour) for pair in style.EFFECTOR_COLOURS for colour in pair} | {to_hex("white")}
UNITLESS = {"patients", "patients, sorted", "relative", "of full", "relative to its set points"}
AXES_OF_MAPS = ("well_map", "field_maps")


@pytest.fixture(scope="session")
def paths(simulated_run, tmp_path_factory):
    """Return the function that gives the folders which figures of a kind of folder are drawn from."""
    root = tmp_path_factory.mktemp("catalogue")

    @cache
    def of(folder):
        if folder in RUNS:
            own = [simulated_run(name) for name in RUNS[folder]]
            more = [simulated.weighted(simulated_run("cohort"), root)] if folder == "trial" else []
            return [run.path for run in own + more]
        if folder == "studies":
            law = lambda point: 0.5 + 0.01 * len(point)  # noqa: E731
            return [
                write_study(root / kind, kind, points, law, extra=more).path for kind, (points, more) in STUDIES.items()
            ]
        return [write_evidence(root / kind, kind).path for kind in EVIDENCE]

    return of


@pytest.fixture(scope="session")
def reported():
    """Return the function that draws the report of a folder, once, and gives its text."""
    return cache(lambda path: write_report(path).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def place(folder, kind, paths):
    """Return the first folder that the figure applies to."""
    found = next((path for path in paths(folder) if kind.applies(catalogue.report_of(path).tables(path))), None)
    if found is None:
        pytest.skip(f"no small folder has what {catalogue.name(kind)} shows")
    return found


@pytest.fixture(scope="module")
def shown(place):
    """Return its tables."""
    return catalogue.report_of(place).tables(place)


@pytest.fixture(scope="module")
def figure(shown, kind):
    """Return the figure of them."""
    return kind.figure(shown)


def colours_of(figure):
    """Return every colour of the lines, areas, bars and points of a figure, but for those that stand for a value."""
    found = []
    for ax in figure.axes:
        found += [one.get_markeredgecolor() if one.get_linestyle() == "None" else one.get_color() for one in ax.lines]
        found += [patch.get_facecolor() for patch in ax.patches if patch.get_fill()]
        found += [colour for one in ax.collections if one.get_array() is None for colour in one.get_facecolor()]
    return {to_hex(colour) for colour in found}


@pytest.mark.parametrize("folder", catalogue.FOLDERS)
def test_figures_of_a_folder_have_all_parts_and_an_order_of_their_own(folder):
    kinds = catalogue.figures(folder)  # which refuses missing parts and equal titles
    assert all(kind.__doc__.startswith("Answers") for kind in kinds)
    assert all(kind.CAPTION.endswith(".") and kind.TITLE[0].isupper() for kind in kinds)


@each_figure
def test_a_figure_says_in_a_sentence_what_is_seen(shown, kind):
    assert re.fullmatch(r"[A-Z“0-9].*\.", kind.seen(shown), flags=re.DOTALL)
    assert "nan" not in kind.seen(shown).lower().split()


@each_figure
def test_a_figure_keeps_to_the_palette(shown, figure, folder):
    run = getattr(shown, "run", shown)
    looks = arms.looks(run) if folder in RUNS else {}
    assert colours_of(figure) <= PALETTE | {to_hex(look.colour) for look in looks.values()}


@each_figure
def test_axes_of_runs_carry_their_units(shown, figure, folder, kind):
    if folder in RUNS and catalogue.name(kind) not in AXES_OF_MAPS:
        run = getattr(shown, "run", shown)
        said = [run.measures().of(column) for column in run.series().columns]
        declared = {one.axis for one in said} | {one.shown for one in said} | UNITLESS
        labels = {text for ax in figure.axes for text in (ax.get_xlabel(), ax.get_ylabel()) if text}
        assert labels
        assert all("(" in text or text in declared for text in labels), labels


@each_figure
def test_a_figure_drawn_anew_has_the_bytes_of_the_one_in_the_report(place, figure, kind, reported):
    told, there = reported(place), place / "figures" / file_name(kind)
    if downloads.is_uniform(figure):
        assert f"“{kind.TITLE}”" in told
        assert not there.exists()
    else:
        assert style.png(figure, kind.TITLE) == there.read_bytes()


@pytest.mark.parametrize("folder", catalogue.FOLDERS)
def test_every_folder_has_a_report_with_each_figure_that_applies(folder, paths, reported):
    for path in paths(folder):
        report = catalogue.report_of(path)
        assert folder == report.FIGURES
        tables = report.tables(path)
        kinds = catalogue.applying(folder, tables)
        names = [catalogue.name(kind) for kind in kinds if not downloads.is_uniform(kind.figure(tables))]
        assert re.findall(r'figure id="(\w+)"', reported(path)) == names
        assert set(names) == {file.stem for file in (path / "figures").glob("*")}
