"""A real browser drives the page: Chromium, without a window. Screenshots stay in ``runs/screenshots``."""

import base64
import io
import re
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from abm.plot.page import style
from abm.view.colours import rgb
from tests.view.served import CHROMIUM, ROOT, START_S, browser, served

SCREENSHOTS = ROOT / "runs" / "screenshots"
WELL = [
    "configs/scenarios/quick.yaml",
    *("--set", "populations.b_cells.n=150", "--set", "space.side=700 um", "--set", "space.volume=3 uL"),
    *("--set", "duration=96 h", "--set", "probes.cells=null", "--set", "probes.fields=null"),
]
DT_H = 2.5 / 60  # of quick.yaml; so long a well takes 15 of them between two pictures
expect.set_options(timeout=30_000)
PATIENT = ["configs/scenarios/wm_patient.yaml", "--set", "duration=120 d"]
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: the page was NOT tried in a browser")


@pytest.fixture(scope="module")
def chromium():
    with browser() as one:
        yield one


@pytest.fixture(scope="module")
def well(tmp_path_factory):
    errors = tmp_path_factory.mktemp("well") / "err.txt"
    with served(WELL, errors) as server:
        yield server
    assert errors.read_text() == ""


@pytest.fixture(scope="module")
def patient(tmp_path_factory):
    errors = tmp_path_factory.mktemp("patient") / "err.txt"
    with served(PATIENT, errors) as server:
        yield server
    assert errors.read_text() == ""


@contextmanager
def opened(chromium, server):
    """Open the page in a browser of its own; a fault in it or a request to another host fails the test."""
    context = chromium.new_context(viewport={"width": 1400, "height": 1000})
    page, faults, asked = context.new_page(), [], []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url.replace("ws://", "http://")))
    page.set_default_timeout(60_000)
    page.goto(server.address)
    page.add_style_tag(content="* {transition: none !important; animation: none !important}")  # nothing to wait for
    page.get_by_role("button", name="Step", exact=True).wait_for(timeout=1000 * START_S)
    yield page
    context.close()
    assert not faults
    assert len(asked) > 10
    assert not [url for url in asked if not url.startswith((server.address, "data:", "blob:"))]


@pytest.fixture(scope="module")
def tab(chromium, well):
    with opened(chromium, well) as one:
        yield one


@pytest.fixture
def page(tab):
    """Return the page at its start: to load it takes longer than most of what is done there."""
    show(tab, "Cells")
    press(tab, "Reset")
    tab.wait_for_function("parseFloat(document.querySelector('.time-now').textContent) == 0")
    return tab


def screenshot(page, name):
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def show(page, tab):
    page.get_by_role("tab", name=tab).click()


def step_until(page, hours):
    """Press step until a moment; each press waits for its picture."""
    while time_h(page) < hours:
        now = page.locator(".time-now").inner_text()
        press(page, "Step")
        page.wait_for_function(f"document.querySelector('.time-now').textContent.trim() != '{now}'", timeout=60_000)


def time_h(page):
    return float(page.locator(".time-now").inner_text().split()[0])


def alive(page):
    """Return the B cells alive in each arm, as the page says it."""
    found = re.findall(r"(\w+): ([\d,]+) of ([\d,]+) B cells alive", page.locator(".watched").inner_text())
    return {arm: int(n.replace(",", "")) for arm, n, _ in found}


def pictures(page):
    return [image.get_attribute("src") for image in page.locator(".cell-map img").all()]


def saved(page):
    """Press the button that saves the scenario and return what was saved."""
    with page.expect_download() as download:
        page.get_by_role("button", name="Scenario with all that was done").click()
    return Path(download.value.path()).read_text()


def test_it_plays_pictures_change_and_survival_falls(page):
    before, first = alive(page), pictures(page)
    assert before == {"serum": 150, "effectors": 150, "both": 150}
    assert len(first) == 3
    screenshot(page, "start")
    press(page, "▶")
    page.wait_for_function("parseFloat(document.querySelector('.time-now').textContent) >= 3", timeout=1000 * START_S)
    after = alive(page)
    assert all(after[arm] < 0.8 * before[arm] for arm in before), after
    assert all(a != b for a, b in zip(first, pictures(page), strict=True))
    screenshot(page, "cells")
    press(page, "Reset")
    page.wait_for_function("parseFloat(document.querySelector('.time-now').textContent) == 0")
    assert alive(page) == before


def test_courses_and_distributions_are_drawn(page):
    step_until(page, 1)
    drawn = []
    for tab, name in (("Over time", "courses"), ("Distributions", "distributions")):
        show(page, tab)
        chart = page.locator(f"img[alt={name}]")
        chart.wait_for()
        width = chart.evaluate("image => image.naturalWidth")
        assert width > 600
        drawn.append(chart.get_attribute("src"))
        screenshot(page, name)
    assert drawn[0] != drawn[1]


def place_of(source, colour):
    """Return where a picture has a colour, well inside it if it can be, as shares of its sides."""
    image = np.asarray(Image.open(io.BytesIO(base64.b64decode(source.split(",")[1]))).convert("RGB"))
    found = np.argwhere((image == colour).all(-1)) + 0.5
    row, column = found[np.abs(found / image.shape[0] - 0.5).max(1).argmin()]
    return column / image.shape[1], row / image.shape[0]


def test_a_drag_zooms_and_a_click_follows_a_cell(page):
    step_until(page, 1)
    floor = page.locator(".cell-map img").nth(1)
    bar = page.locator(".cell-map figcaption").nth(1)
    whole, box = bar.inner_text(), floor.bounding_box()
    across, down = place_of(floor.get_attribute("src"), rgb(style.BLUE))
    x, y = box["x"] + across * box["width"], box["y"] + down * box["height"]
    page.mouse.move(x - 30, y - 30)
    page.mouse.down()
    page.mouse.move(x + 30, y + 30, steps=4)
    page.mouse.up()
    expect(bar).not_to_have_text(whole)
    card = page.get_by_text(re.compile(r"B cell \d+ in effectors"))
    across, down = place_of(floor.get_attribute("src"), rgb(style.BLUE))
    page.mouse.click(box["x"] + across * box["width"], box["y"] + down * box["height"])
    expect(card).to_be_visible()
    page.get_by_text("All numbers").click()
    assert page.locator("table.numbers tr").count() > 5
    screenshot(page, "followed")
    press(page, "Follow no longer")
    expect(card).to_have_count(0)


def test_a_switch_and_a_slider_change_the_result_and_are_recorded(chromium, well):
    ends = {}
    for acts in (False, True):
        with opened(chromium, well) as page:
            if acts:
                page.get_by_text("lysis", exact=True).click()
                show(page, "Done so far")
                expect(page.locator("table.numbers")).to_contain_text("processes.lysis = off")
                press(page, "parameters of killing")
                slider = page.locator("[role=slider][aria-label^='Hit rate']")
                slider.focus()
                slider.press("Home")
                expect(page.locator("table.numbers")).to_contain_text("processes.killing.rate_per_h = 0 /h")
                screenshot(page, "done")
                text = saved(page)
                assert "lysis" in text
                show(page, "Cells")
            step_until(page, 3)
            ends[acts] = alive(page)
    assert ends[True]["serum"] > ends[False]["serum"] + 50
    assert ends[True]["effectors"] > ends[False]["effectors"] + 20


def test_more_can_be_added_now_and_a_bad_value_is_explained(page):
    step_until(page, 0.5)
    amount = page.get_by_label("How much")
    amount.fill("much ug/mL")
    press(page, "Add")
    expect(page.get_by_text("is no finite number").first).to_be_visible()
    screenshot(page, "bad-value")
    press(page, "Understood")
    expect(page.get_by_text("is no finite number")).to_have_count(0)
    amount.fill("25 ug/mL")
    press(page, "Add")
    show(page, "Done so far")
    expect(page.locator("table.numbers")).to_contain_text("added rituximab 25 µg/mL")
    stands = time_h(page)
    press(page, "Step")
    page.wait_for_function(f"parseFloat(document.querySelector('.time-now').textContent) > {stands}")


def test_two_tabs_do_not_touch_one_another(chromium, well):
    with opened(chromium, well) as one, opened(chromium, well) as other:
        step_until(one, 1)
        assert time_h(other) == 0
        assert alive(other) == {"serum": 150, "effectors": 150, "both": 150}
        press(other, "Step")
        other.wait_for_function("parseFloat(document.querySelector('.time-now').textContent) > 0")
        assert time_h(other) < time_h(one)


def test_what_was_done_can_be_taken_away_and_replays(page, tmp_path):
    step_until(page, 0.5)
    page.get_by_label("How much").fill("3 ug/mL")
    press(page, "Add")
    expect(page.get_by_text("Scenario with all that was done")).to_be_visible()
    page.wait_for_timeout(500)
    step_until(page, 1.5)
    shown, tick = alive(page), round(time_h(page) / DT_H)
    path = tmp_path / "again.yaml"
    path.write_text(saved(page))
    again = session_of(path)
    assert len(again.scenario.arms["both"].add) == len(session_of(Path(ROOT, WELL[0])).scenario.arms["both"].add) + 1
    while again.tick < tick:
        again.step()
    assert {arm: int(rows[-1]["n_b_alive"]) for arm, rows in again.history.items()} == shown
    for label, starts in (("Series", b"time_h"), ("Figure", b"\x89PNG"), ("Animation until now", b"GIF89a")):
        with page.expect_download(timeout=1000 * START_S) as download:
            page.get_by_role("button", name=label, exact=True).click()
        assert Path(download.value.path()).read_bytes().startswith(starts), label


def session_of(path):
    from abm.scenario.from_file import load_scenario
    from abm.view.session import Session

    return Session(load_scenario(path))


def test_a_patient_has_panels_of_its_own(chromium, patient):
    with opened(chromium, patient) as page:
        step_until(page, 5)
        page.locator("img[alt=courses]").wait_for()
        assert page.locator(".cell-map").count() == 0
        assert re.search(r"rituximab: serum IgM \d+(\.\d+)? g/L", page.locator(".watched").inner_text())
        screenshot(page, "patient")
