"""What can go wrong, and the exit code each kind of failure ends the program with."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from signal import SIGINT


@dataclass(frozen=True)
class Fault:
    """One thing wrong in the input.

    Attributes
    ----------
    message : str
        What was found and why it cannot be.
    path : str
        Dotted YAML path, such as ``processes.binding.kd_nM``.
    file : str
        File, or command-line option, that holds the value.
    line, column : int or None
        Place in the file, counted from 1.
    allowed : str
        What is allowed there.
    nearest : str
        Nearest right spelling.
    beside : tuple of str
        Paths of the values that it clashes with, which may stand in other files.
    """

    message: str
    path: str = ""
    file: str = ""
    line: int | None = None
    column: int | None = None
    allowed: str = ""
    nearest: str = ""
    beside: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """File, line and column joined by colons, as far as known."""
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part not in ("", None))

    def __str__(self) -> str:
        """One line: place, path, message, what is allowed and the nearest spelling."""
        text = "  ".join(part for part in (self.place, self.path, self.message) if part)
        if self.allowed:
            text += f"; allowed: {self.allowed}"
        if self.nearest:
            text += f"; did you mean '{self.nearest}'?"
        return text


def nearest(word: str, words: Iterable[str]) -> str:
    """Return the word that was probably meant by a misspelt one; empty if none is similar."""
    known = list(words)
    same = [entry for entry in known if entry.lower() == word.lower()]
    longer = [entry for entry in known if len(word) > 2 and entry.startswith(word + "_")]
    return (same or longer or get_close_matches(word, known, n=1) or [""])[0]


class AbmError(Exception):
    """A failure that is reported without a traceback."""

    exit_code = 3


class InputError(AbmError):
    """The user's input cannot be used.

    Parameters
    ----------
    *faults : Fault or str
        Everything that is wrong.
    """

    exit_code = 2

    def __init__(self, *faults: Fault | str):
        self.faults = tuple(Fault(f) if isinstance(f, str) else f for f in faults)
        super().__init__(*self.faults)

    def __str__(self) -> str:
        """All faults, one a line."""
        return "\n".join(str(fault) for fault in self.faults)


class RunFailed(AbmError):
    """The run broke down after its input had been accepted."""


class ResourceRefused(AbmError):
    """The run would need more memory or disk than there is."""

    exit_code = 4


class Interrupted(AbmError):
    """The run was stopped by a signal after writing its checkpoint.

    Parameters
    ----------
    signal_number : int
        The signal that was received.
    message : str
        What the user can do next.
    """

    def __init__(self, signal_number: int = SIGINT, message: str = "interrupted"):
        super().__init__(signal_number, message)
        self.exit_code = 128 + int(signal_number)
        self.message = message

    def __str__(self) -> str:
        """Return the message alone."""
        return self.message
