"""The verbs of ``abm``; heavy imports stay inside the verb, so that ``--help`` is quick."""

import gc
import json
import os
import sys

import typer

# they add their verbs
from abm.cli import cells, diff, dossier, evidence, export, init, plate, predict, runs, studies, verify, view  # noqa: F401
from abm.cli.shared import app
from abm.cli.terminal import take_every_character
from abm.core.errors import AbmError, RunFailed

SELDOM = (50_000, 20, 100)  # design: as little memory as by default, in seven eighths of the time


def main() -> None:
    """Run the program and end with its exit code; a user's mistake never shows a traceback."""
    gc.set_threshold(*SELDOM)
    _open_closed_streams()
    take_every_character()
    try:
        code = app(standalone_mode=False)
        sys.stdout.flush()
        if code:  # an interruption is returned, not raised
            sys.exit(code)
    except typer.Exit as stop:
        sys.exit(stop.exit_code)
    except typer.Abort:
        sys.exit(130)
    except AbmError as error:
        _end(error, error.exit_code)
    except MemoryError:
        _end(RunFailed("the memory is used up"), 3)
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what cannot be written is not tried again at the end
        _end(error, 141 if isinstance(error, BrokenPipeError) else 3)
    except Exception as error:
        if not _is_of_the_input(error):
            raise
        _end(error, 2, getattr(error, "format_message", error.__str__)())


def _open_closed_streams() -> None:
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the caller
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w"))


def _is_of_the_input(error: Exception) -> bool:
    """Whether an error is the user's to mend: a wrong option, a file that cannot be read, a system without locks."""
    if isinstance(error, ImportError):
        return error.name == "fcntl"
    from abm.results.tables import ReadError  # takes pyarrow along, which --help does without

    return isinstance(error, ReadError) or hasattr(error, "format_message")


def _end(error: Exception, code: int, text: str = "") -> None:
    text = text or str(error)
    if "--json" in sys.argv:
        sys.stdout.write(json.dumps({"error": text, "exit_code": code}) + "\n")
    sys.stderr.write(f"{text}\n")
    sys.exit(code)
