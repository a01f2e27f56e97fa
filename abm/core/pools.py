"""Well-mixed amounts: drug, complement components, IgM, and the ledgers that make molecules balance."""

from typing import Any

import numpy as np

MOLECULES_PER_NM_UL = 6.02214076e23 * 1e-9 * 1e-6


def is_any(condition: Any) -> bool:
    """Say whether something holds, or holds for any subject; a list of so few is asked sooner than an array."""
    return any(condition.tolist()) if isinstance(condition, np.ndarray) else bool(condition)


class Pools:
    """Named amounts in one volume. The unit of a pool is fixed by who declares it: molecules unless said otherwise.

    In a well an amount is a float. In a body it is an array of shape ``(n_subjects,)``, one value for each patient,
    and whatever is assigned is copied to that shape.

    Parameters
    ----------
    volume_uL : float or array
        Volume in which amounts are dissolved.
    n_subjects : int or None
        Patients in a body; None: a well.
    """

    def __init__(self, volume_uL: Any, n_subjects: int | None = None):
        self.volume_uL, self.n_subjects = volume_uL, n_subjects
        self.amounts: dict[str, Any] = {}

    def declare(self, name: str) -> None:
        """Make a pool with amount zero if it is not there."""
        self.amounts.setdefault(name, self._own(0.0))

    def __getitem__(self, name: str) -> Any:
        try:
            return self.amounts[name]
        except KeyError:
            return self._own(0.0)

    def __setitem__(self, name: str, amount: Any) -> None:
        self.amounts[name] = self._own(amount)

    def __contains__(self, name: str) -> bool:
        return name in self.amounts

    def _own(self, amount: Any) -> Any:
        if self.n_subjects is None:
            kind = type(amount)
            return amount if kind is float else amount.item() if kind is np.ndarray else float(amount)
        own = np.empty(self.n_subjects)
        own[:] = amount
        return own

    def add(self, name: str, amount: Any) -> None:
        """Add an amount; a pool not yet declared starts at zero."""
        before = self.amounts.get(name)
        own = self._own(amount) if self.n_subjects is None or before is None else amount
        self.amounts[name] = own if before is None else before + own

    def move(self, source: str, target: str, amount: Any) -> None:
        """Move an amount between two pools so that their sum stays."""
        self.add(source, -amount)
        self.add(target, amount)

    def nM(self, name: str) -> Any:  # noqa: N802 - a unit
        """Concentration of a pool kept in molecules."""
        return self[name] / (MOLECULES_PER_NM_UL * self.volume_uL)

    def molecules(self, concentration_nM: Any) -> Any:
        """Molecules in the whole volume at a concentration."""
        return concentration_nM * MOLECULES_PER_NM_UL * self.volume_uL

    def arrays(self) -> tuple[list[str], np.ndarray]:
        """Return names and amounts in order of name, for checkpoints."""
        names = sorted(self.amounts)
        return names, np.array([self.amounts[name] for name in names])

    def restore(self, names: list[str], amounts: np.ndarray) -> None:
        """Hold these pools and no others."""
        self.amounts = {name: self._own(amount) for name, amount in zip(names, amounts, strict=True)}
