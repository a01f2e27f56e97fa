"""Mesa's page: the shell with play, step and reset, and the count of pictures by which all parts are drawn anew."""

import warnings
from concurrent.futures import Future

import solara

with warnings.catch_warnings():  # Mesa's own page breaks a rule of Solara's for hooks, which the import says each time
    warnings.simplefilter("ignore")
    from mesa.visualization import SolaraViz
    from mesa.visualization.utils import update_counter

__all__ = ["SolaraViz", "redraw", "wait_for", "when_redrawn"]


def when_redrawn() -> int:
    """Make the component that calls this draw itself anew whenever Mesa says that the model has stepped."""
    return update_counter.get()


def redraw() -> None:
    """Draw everything anew, although the model has not stepped."""
    update_counter.value += 1


def wait_for(work: Future | None) -> bool:
    """Return whether work is done; the component that asks is drawn anew as soon as it is."""
    solara.use_thread(lambda: work and work.exception(), [id(work)], intrusive_cancel=False)
    return work is None or work.done()
