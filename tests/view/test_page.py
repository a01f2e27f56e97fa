"""What the page says while the model is still being made and compiled."""

import time
from concurrent.futures import Future

import ipyvuetify as vuetify
import pytest
import solara

from abm.view import page, panels
from abm.view.model import AssayModel
from abm.view.panels import STEPS, Compiling, Guide

PATIENCE_S = 60.0


def told(rendered):
    """Return whether it says that the model is being compiled."""
    found = rendered.find(vuetify.Html, tag="span").widgets
    return any("Compiling the model" in text for widget in found for text in widget.children)


def has_floor(rendered):
    """Return whether the floor of the well is shown."""
    return any("Whole floor" in widget.children for widget in rendered.find(vuetify.Btn).widgets)


def wait_until(is_so):
    """Wait for what another thread draws."""
    end = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


@pytest.fixture
def show():
    """Return the function that renders a component; all are closed at the end."""
    shown = []

    def render(element):
        _, rendered = solara.render(element, handle_error=False)
        shown.append(rendered)
        return rendered

    yield render
    for rendered in shown:
        rendered.close()


def test_a_line_says_that_the_model_is_being_compiled_until_it_is(show):
    work = Future()
    rendered = show(Compiling(work))
    assert told(rendered)
    work.set_result(None)
    wait_until(lambda: not told(rendered))


def test_the_line_counts_what_is_compiled_and_the_seconds(show, monkeypatch):
    monkeypatch.setattr(panels, "LOOK_S", 0.05)
    monkeypatch.setattr(panels.kernel_cache, "n_compiled", 7)
    rendered = show(Compiling(Future()))

    def is_so():
        found = rendered.find(vuetify.Html, tag="span").widgets
        return any("7 parts of it so far, 1 s." in text for widget in found for text in widget.children)

    wait_until(is_so)


def test_the_guide_goes_step_by_step_and_goes_away(show):
    rendered = show(Guide())

    def press(word):
        next(b for b in rendered.find(vuetify.Btn).widgets if word in b.children).click()

    def now():
        found = rendered.find(vuetify.Html, tag="span").widgets
        return [text for widget in found for text in widget.children if " of 3. " in text]

    for i, text in enumerate(STEPS):
        assert now() == [f"{i + 1} of 3. {text}"]
        press("Next" if i < 2 else "Understood")
    assert now() == []
    again = show(Guide())
    next(b for b in again.find(vuetify.Btn).widgets if "Skip the guide" in b.children).click()
    assert not again.find(vuetify.Btn).widgets


def test_nothing_is_said_where_all_is_in_the_cache(show):
    assert not told(show(Compiling(None)))


def test_the_page_says_so_before_there_is_anything_to_see(show, scenario, monkeypatch):
    making = Future()
    monkeypatch.setattr(page.Opened, "ready", [making])
    monkeypatch.setattr(page.Opened, "compiling", Future())
    rendered = show(page.Opening(scenario, ()))
    assert told(rendered)
    assert not has_floor(rendered)
    making.set_result(AssayModel(scenario))
    wait_until(lambda: has_floor(rendered))
    assert told(rendered)
