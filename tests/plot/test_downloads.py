"""A figure's data are those drawn, its SVG is the same each time, and one in which nothing varies is known."""

import csv
import io

import numpy as np
import pytest
from matplotlib.cm import ScalarMappable

from abm.plot.page import downloads, report, style
from abm.results.page import PageFolder


def rows_of(fig):
    return list(csv.DictReader(io.StringIO(downloads.data(fig).decode())))


@pytest.fixture
def panel():
    """Return a figure of one panel, and the panel."""
    fig = style.new_figure(2.0)
    return fig, fig.subplots()


def test_data_are_what_is_drawn_with_the_words_of_axes_and_legend(panel):
    fig, ax = panel
    ax.plot([0.0, 1.0], [2.0, 3.5], color=style.BLUE)
    ax.scatter([4.0], [5.0], color=style.VERMILION)
    ax.barh([1], [7.0], color=style.GREEN)
    ax.axvline(2.5, color=style.GREY)  # helps the eye, is no data
    style.dress(ax, "Time (h)", "Cells", "both")
    ax.set_yticks([0, 1], ["serum", "effectors"])
    style.legend_below(fig, [style.line_key("alive", style.BLUE), style.line_key("dead", style.VERMILION)])
    found = rows_of(fig)
    assert {row["panel"] for row in found} == {"both"}
    assert {(row["x_axis"], row["y_axis"]) for row in found} == {("Time (h)", "Cells")}
    told = [(row["kind"], row["series"], row["x"], row["y"], row["x_to"]) for row in found]
    assert told == [
        ("line", "alive", "0", "2", ""),
        ("line", "alive", "1", "3.5", ""),
        ("points", "dead", "4", "5", ""),
        ("bar", "", "0", "0.6", "7"),
    ]


def test_categories_are_written_out(panel):
    fig, ax = panel
    ax.plot([20.0, 30.0], [0, 1], "o", color=style.BLUE)
    ax.set_yticks([0, 1], ["serum", "effectors"])
    assert [row["y"] for row in rows_of(fig)] == ["serum", "effectors"]


def test_a_map_gives_the_middle_and_the_value_of_each_voxel(panel):
    fig, ax = panel
    ax.imshow([[1.0, 2.0], [3.0, np.nan]], extent=(0, 200, 0, 100), origin="lower")
    found = [(row["x"], row["y"], row["y_to"]) for row in rows_of(fig)]
    assert found == [("50", "25", "1"), ("150", "25", "2"), ("50", "75", "3"), ("150", "75", "")]


def test_a_range_has_both_ends(panel):
    fig, ax = panel
    ax.hlines([1.0], [2.0], [3.0], color=style.BLUE)
    (row,) = rows_of(fig)
    assert (row["kind"], row["x"], row["y"], row["x_to"], row["y_to"]) == ("range", "2", "1", "3", "1")


def test_too_much_is_no_table_and_nothing_neither(panel, monkeypatch):
    fig, ax = panel
    assert downloads.data(fig) is None
    ax.plot(range(30), range(30))
    monkeypatch.setattr(downloads, "MOST_ROWS", 29)
    assert downloads.data(fig) is None


def test_an_svg_keeps_its_words_and_is_the_same_each_time(panel):
    fig, ax = panel
    ax.plot([0, 1], [0, 1])
    style.dress(ax, "Time (h)")
    style.png(fig, "A title")
    first = downloads.svg(fig, "A title")
    assert first == downloads.svg(fig, "A title")
    assert b">Time (h)</text>" in first
    assert b"<dc:title>A title" in first
    assert b"<dc:date>" not in first
    assert style.png(fig, "A title").startswith(b"\x89PNG")


def test_very_many_points_make_no_svg(panel, monkeypatch):
    fig, ax = panel
    ax.scatter(range(30), range(30))
    assert downloads.svg(fig, "") is not None
    monkeypatch.setattr(downloads, "MOST_MARKS", 29)
    assert downloads.svg(fig, "") is None
    monkeypatch.setattr(downloads, "MOST_MARKS", 30)
    monkeypatch.setattr(downloads, "MOST_SVG_BYTES", 1000)
    assert downloads.svg(fig, "") is None


@pytest.mark.parametrize(
    ("draw", "is_uniform"),
    [
        (lambda ax: ax.plot([0, 1, 2], [5.0, 5.0, 5.0]), True),
        (lambda ax: ax.plot([0, 1, 2], [5.0, 5.0, 5.1]), False),
        (lambda ax: ax.plot([0, 1, 0, 1], [5.0, 5.0, 6.0, 6.0]), False),
        (lambda ax: ax.plot([0, 1], [np.nan, np.nan]), True),
        (lambda ax: ax.plot([1.0], [5.0], "o"), False),
        (lambda ax: ax.imshow(np.zeros((3, 3))), True),
        (lambda ax: ax.imshow([[0.0, 1e-3]]), False),
        (lambda ax: ax.imshow(np.zeros((3, 3, 3))), False),
        (lambda ax: ax.scatter([1.0], [1.0]), False),
        (lambda ax: ax.bar([1.0], [1.0]), False),
        (lambda ax: ax.fill_between([0, 1], [1.0, 1.0], [2.0, 2.0]), False),
        (lambda ax: ax.set_title("empty"), False),
    ],
)
def test_a_figure_in_which_nothing_varies_is_known(panel, draw, is_uniform):
    fig, ax = panel
    draw(ax)
    assert downloads.is_uniform(fig) is is_uniform


def test_a_colour_bar_does_not_make_a_uniform_map_vary(panel):
    fig, ax = panel
    image = ax.imshow(np.zeros((3, 3)))
    fig.colorbar(ScalarMappable(image.norm, image.cmap), ax=ax)
    assert downloads.is_uniform(fig)


class Kind:
    """A figure of one line, and a report that tells of it."""

    __name__ = "abm.plot.well.level"
    TITLE, CAPTION, FIGURES = "Level", "A line.", "none"

    def __init__(self, values):
        self.values = values

    def figure(self, tables):
        fig = style.new_figure(2.0)
        fig.subplots().plot(range(len(self.values)), self.values)
        return fig


def test_what_shows_nothing_is_not_drawn_and_what_was_there_goes(tmp_path):
    folder = PageFolder(tmp_path)
    report.draw(folder, None, [Kind([1.0, 2.0])])
    assert {path.name for path in (tmp_path / "figures").iterdir()} == {"level.png", "level.svg", "level.csv"}
    report.draw(folder, None, [Kind([1.0, 1.0])])
    assert not list((tmp_path / "figures").iterdir())
    assert report._left_out(["Level", "Depth"]) == "Left out, for every value in it is the same: “Level” and “Depth”."
