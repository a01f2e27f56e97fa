"""Well-mixed amounts: drug, complement components, IgM, and the ledgers that make molecules balance."""

import numpy as np

MOLECULES_PER_NM_UL = 6.02214076e23 * 1e-9 * 1e-6


class Pools:
    """Named amounts in one volume. The unit of a pool is fixed by who declares it: molecules unless said otherwise.

    Parameters
    ----------
    volume_uL : float
        Volume in which amounts are dissolved.
    """

    def __init__(self, volume_uL: float):
        self.volume_uL = volume_uL
        self.amounts: dict[str, float] = {}

    def declare(self, name: str) -> None:
        """Make a pool with amount zero if it is not there."""
        self.amounts.setdefault(name, 0.0)

    def __getitem__(self, name: str) -> float:
        return self.amounts.get(name, 0.0)

    def __setitem__(self, name: str, amount: float) -> None:
        self.amounts[name] = float(amount)

    def __contains__(self, name: str) -> bool:
        return name in self.amounts

    def add(self, name: str, amount: float) -> None:
        """Add an amount; a pool not yet declared starts at zero."""
        self.amounts[name] = self.amounts.get(name, 0.0) + float(amount)

    def move(self, source: str, target: str, amount: float) -> None:
        """Move an amount between two pools so that their sum stays."""
        self.add(source, -amount)
        self.add(target, amount)

    def nM(self, name: str) -> float:  # noqa: N802 - a unit
        """Concentration of a pool kept in molecules."""
        return self[name] / (MOLECULES_PER_NM_UL * self.volume_uL)

    def molecules(self, concentration_nM: float) -> float:
        """Molecules in the whole volume at a concentration."""
        return concentration_nM * MOLECULES_PER_NM_UL * self.volume_uL

    def arrays(self) -> tuple[list[str], np.ndarray]:
        """Return names and amounts in order of name, for checkpoints."""
        names = sorted(self.amounts)
        return names, np.array([self.amounts[name] for name in names])
