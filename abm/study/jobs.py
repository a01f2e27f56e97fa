"""Jobs that run side by side: each travels as text, reports while it runs and ends in one of four ways."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, Self

from abm.core.errors import AbmError, InputError
from abm.core.files import WriteError
from abm.results.tables import ReadError

NO_MEMORY = "the memory is used up; fewer cells, wells at once (--threads 1) or snapshots help"


class Stopped(Exception):
    """A job was asked to stop and has kept what it needs to go on."""


@dataclass
class Flow:
    """How a running job reports: ``beat(done steps, all steps)``, ``is_stopped()``, ``note(event, fields)``."""

    beat: Callable[[int, int], None] = field(default=lambda done, total: None)
    is_stopped: Callable[[], bool] = field(default=lambda: False)
    note: Callable[[str, dict[str, object]], None] = field(default=lambda event, fields: None)


class Job(Protocol):
    """A piece of work that any process can do."""

    @property
    def label(self) -> str:
        """Name the job in messages."""

    def to_json(self) -> str:
        """Return the job as text."""

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the job that a text holds."""

    def run(self, flow: Flow) -> Any:
        """Do the work and return what JSON can hold."""


@dataclass(frozen=True)
class Outcome:
    """How a job ended: ``event`` is done, stopped, refused (bad input) or failed; ``content`` a result or a reason."""

    job: Job
    event: str
    content: Any


class Monitor:
    """Receives progress and passes on the user's wish to stop; the default shows nothing and never stops.

    Attributes
    ----------
    signal_number : int
        The signal that asked to stop.
    unlocks : bool
        Whether the lock of an owner elsewhere that seems to have ended is taken over.
    """

    signal_number = 0
    unlocks = False

    def begin(self, folder: Path, n_jobs: int) -> None:
        """Say where the results go and how many jobs there are."""

    def beat(self, index: int, done: int, total: int) -> None:
        """Job ``index`` has done that many of its steps."""

    def note(self, event: str, fields: dict[str, object]) -> None:
        """Note an event for the log."""

    def tell(self, text: str) -> None:
        """Tell the user of something unexpected."""

    @property
    def is_stopped(self) -> bool:
        """Whether a signal asked to stop."""
        return self.signal_number != 0


def kind_of(job: Job) -> str:
    """Return where a job's class is found: ``module:class``."""
    return f"{type(job).__module__}:{type(job).__qualname__}"


def read_job(kind: str, text: str) -> Job:
    """Return the job of a kind that a text holds."""
    module, _, name = kind.partition(":")
    return getattr(import_module(module), name).from_json(text)


def attempt(job: Job, flow: Flow) -> Outcome:
    """Run a job; whatever happens is reported as its outcome and nothing is raised."""
    try:
        return Outcome(job, "done", job.run(flow))
    except Stopped:
        return Outcome(job, "stopped", None)
    except InputError as error:
        return Outcome(job, "refused", str(error))
    except (AbmError, WriteError, ReadError) as error:
        return Outcome(job, "failed", str(error))
    except MemoryError:
        return Outcome(job, "failed", NO_MEMORY)
    except Exception:  # a defect of the program is reported with its traceback
        return Outcome(job, "failed", traceback.format_exc())
