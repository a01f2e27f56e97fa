"""Agent-based simulator of antibody therapy against B cells. Research use only; no dosing advice.

>>> from abm import load_scenario, simulate
>>> result = simulate(load_scenario("quick"))
"""

from typing import Any

from abm.core.version import __version__

__all__ = ["Result", "__version__", "load_scenario", "simulate"]


def __getattr__(name: str) -> Any:
    """Import the Python interface when it is first used: ``abm --help`` needs none of it."""
    if name in __all__:
        from abm.study import simulate as interface

        return getattr(interface, name)
    raise AttributeError(f"module 'abm' has no attribute {name!r}")
