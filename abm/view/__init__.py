"""The live view: watch, steer and replay a scenario in the browser, in a notebook, or as a Mesa model."""

from typing import Any

__all__ = ["AssayModel"]


def __getattr__(name: str) -> Any:
    """Import the model when it is first used: the server of ``abm view`` starts without it."""
    if name in __all__:
        from abm.view import model

        return getattr(model, name)
    raise AttributeError(f"module 'abm.view' has no attribute {name!r}")
