"""What a viewer can do: add, switch, turn, and take away."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import solara

from abm.results.tables import csv_text
from abm.view import charts, movie, steering
from abm.view.session import Session


@solara.component_vue("amount.vue")
def Amount(usual: str, event_add: Callable[[str], None]):
    """Ask how much; the text travels with the click, so that a busy server cannot take an older one."""


@solara.component
def Adding(session: Session, attempt: Callable[[Callable[[], None]], None]):
    """Add something now."""
    known = steering.addable(session)
    what, set_what = solara.use_state(next(iter(known)))
    arms, set_arms = solara.use_state(steering.ALL)

    def add(amount: str) -> None:
        attempt(lambda: session.add(what, steering.amount(amount), steering.arms_of(session, arms)))

    with solara.Card("Add now"):
        solara.Select("What", value=what, values=list(known), on_value=set_what)
        solara.Select("To", value=arms, values=[steering.ALL, *session.arms], on_value=set_arms)
        Amount(usual=known[what], event_add=add)


@solara.component
def Steering(session: Session, version: tuple, attempt: Callable[[Callable[[], None]], None]):
    """Switch mechanisms and turn their parameters now."""
    choice, set_choice = solara.use_state(steering.ALL)
    opened, set_opened = solara.use_state("")
    chosen = steering.arms_of(session, choice)

    def change(values: dict[str, Any]) -> None:
        attempt(lambda: session.change(values, chosen))

    with solara.Card("Change now"):
        solara.Select("In", value=choice, values=[steering.ALL, *session.arms], on_value=set_choice)
        with solara.Row(style={"align-items": "center"}, gap="2px"):
            solara.Text(session.scenario.space.person)
            Tune("covariates", opened, set_opened)
        if opened == "covariates":
            for knob in steering.subject(session, chosen[0]):
                Turn(knob, change)
        for mechanism in steering.mechanisms(session, chosen[0]):
            with solara.Row(style={"align-items": "center"}, gap="2px"):
                solara.Switch(
                    label=mechanism.name,
                    value=mechanism.is_on,
                    on_value=lambda on, m=mechanism: change({m.path: m.as_file if on else None}),
                )
                if mechanism.knobs and mechanism.is_on:
                    Tune(mechanism.name, opened, set_opened)
            if mechanism.name == opened and mechanism.is_on:
                solara.Text(mechanism.title, classes=["hint"])
                for knob in mechanism.knobs:
                    Turn(knob, change)


@solara.component
def Tune(name: str, opened: str, set_opened: Callable[[str], None]):
    """Open and close what can be turned of something."""
    solara.Button(
        icon_name="mdi-tune",
        icon=True,
        small=True,
        attributes={"aria-label": f"parameters of {name}"},
        on_click=lambda: set_opened("" if opened == name else name),
    )


@solara.component
def Turn(knob: steering.Knob, change: Callable[[dict[str, Any]], None]):
    """Show one knob: a slider over its stops, or a choice."""
    with solara.Tooltip(knob.source or knob.text), solara.Column(gap="0px"):
        if knob.is_number:
            Slide(knob, change)
        else:
            solara.Select(
                knob.label, value=knob.value, values=list(knob.stops), on_value=lambda value: change({knob.path: value})
            )


@solara.component
def Slide(knob: steering.Knob, change: Callable[[dict[str, Any]], None]):
    """Show a slider; its value is set when it is released."""
    dragged, set_dragged = solara.use_state(-1)
    at = dragged if dragged >= 0 else knob.stops.index(knob.value)

    def let_go(*_: object) -> None:
        if at != knob.stops.index(knob.value):
            change({knob.path: knob.as_text(knob.stops[at])})
        set_dragged(-1)

    solara.Text(f"{knob.label}: {knob.stops[at]:,.4g}", classes=["hint"])
    slider = solara.v.Slider(
        v_model=at,
        on_v_model=set_dragged,
        min=0,
        max=len(knob.stops) - 1,
        dense=True,
        hide_details=True,
        attributes={"aria-label": knob.label},
    )
    solara.v.use_event(slider, "change", let_go)


@solara.component
def Downloads(session: Session):
    """Offer scenario, series, log, figure and animation as files."""
    name = session.scenario.name

    def log() -> str:
        return json.dumps([vars(action) for action in session.actions], indent=1)

    def series() -> str:
        return csv_text(session.series())

    def figure() -> bytes:
        return charts.png(charts.courses(session))

    solara.FileDownload(session.scenario_file, f"{name}.yaml", label="Scenario with all that was done")
    solara.FileDownload(series, f"{name}-series.csv", label="Series")
    solara.FileDownload(_elsewhere(figure), f"{name}.png", label="Figure")
    solara.FileDownload(log, f"{name}-log.json", label="Log")
    solara.FileDownload(_elsewhere(lambda: movie.gif(session)), f"{name}.gif", label="Animation until now")


def _elsewhere(make: Callable[[], bytes]) -> Callable[[], bytes]:
    """Make a file in another thread than Solara's, where it traces every line: that takes four times as long."""

    def made() -> bytes:
        with ThreadPoolExecutor(1) as other:
            return other.submit(make).result()

    return made
