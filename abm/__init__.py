"""Agent-based simulator of antibody therapy against B cells. Research use only; no dosing advice."""

__version__ = "0.1.0"
