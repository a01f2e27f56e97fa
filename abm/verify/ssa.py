"""The same reactions one event at a time: Gillespie's exact stochastic simulation with discrete cells.

Equal B cells, each with its MACs and the NK cells that hold it; killers and other NK cells; one hit commits; a dead
cell goes at once and frees its NK cells. Bound antibody is constant, and so are the Fc signal and the rate of docking.

*References*: Gillespie1977.
"""

from dataclasses import dataclass, field

import numpy as np


@dataclass
class Rates:
    """Rates per hour; ``meet`` per free NK cell and target."""

    meet: float = 0.0
    unbinding: float = 0.0
    hit: float = 0.0
    death: float = 0.0
    division: float = 0.0
    influx: float = 0.0
    docking: float = 0.0
    mac_per_event: float = 0.0
    repair: float = 0.0
    lysis: tuple[float, float, float] = (0.0, 1.0, 1.0)
    cap: int = 2


@dataclass
class Target:
    """One B cell."""

    mac: int = 0
    killers: int = 0
    others: int = 0


@dataclass
class Exact:
    """One run."""

    rates: Rates
    n_targets: int
    n_killers: int
    n_others: int
    rng: np.random.Generator
    deaths: dict[str, int] = field(default_factory=lambda: {"adcc": 0, "background": 0, "cdc": 0})
    t_h: float = 0.0

    def __post_init__(self) -> None:
        """Put the targets in."""
        self.targets = [Target() for _ in range(self.n_targets)]

    def run(self, until_h: float) -> "Exact":
        """Let events happen until a moment."""
        while True:
            events = self._events()
            rates = np.array([rate for rate, _ in events])
            total = rates.sum()
            self.t_h += self.rng.exponential(1.0 / total) if total > 0.0 else np.inf
            if self.t_h > until_h:
                return self
            events[np.searchsorted(rates.cumsum(), self.rng.random() * total, side="right")][1]()

    def _events(self):
        r, n = self.rates, len(self.targets)
        open_targets = sum(c.killers + c.others < r.cap for c in self.targets)
        held_by = [sum(c.killers for c in self.targets), sum(c.others for c in self.targets)]
        macs = sum(c.mac for c in self.targets)
        return (
            (r.meet * self.n_killers * open_targets, self._engage_killer),
            (r.meet * self.n_others * open_targets, self._engage_other),
            (r.unbinding * held_by[0], self._part_killer),
            (r.unbinding * held_by[1], self._part_other),
            (r.hit * held_by[0], lambda: self._die(self._drawn(lambda c: c.killers), "adcc")),
            (r.death * n, lambda: self._die(self._drawn(lambda c: 1), "background")),
            (r.division * n, self._divide),
            (r.influx, lambda: self.targets.append(Target())),
            (r.docking * n, self._dock),
            (r.repair * macs, self._repair),
            (sum(map(self._hazard, self.targets)), lambda: self._die(self._drawn(self._hazard), "cdc")),
        )

    def _hazard(self, c: Target) -> float:
        most, half, steepness = self.rates.lysis
        return most * c.mac**steepness / (half**steepness + c.mac**steepness)

    def _drawn(self, weight) -> Target:
        cumulated = np.cumsum([weight(c) for c in self.targets])
        return self.targets[np.searchsorted(cumulated, self.rng.random() * cumulated[-1], side="right")]

    def _open(self) -> Target:
        return self._drawn(lambda c: c.killers + c.others < self.rates.cap)

    def _engage_killer(self) -> None:
        self._open().killers += 1
        self.n_killers -= 1

    def _engage_other(self) -> None:
        self._open().others += 1
        self.n_others -= 1

    def _part_killer(self) -> None:
        self._drawn(lambda c: c.killers).killers -= 1
        self.n_killers += 1

    def _part_other(self) -> None:
        self._drawn(lambda c: c.others).others -= 1
        self.n_others += 1

    def _divide(self) -> None:
        self.targets.append(Target(self._drawn(lambda c: 1).mac))

    def _dock(self) -> None:
        self._drawn(lambda c: 1).mac += self.rng.poisson(self.rates.mac_per_event)

    def _repair(self) -> None:
        self._drawn(lambda c: c.mac).mac -= 1

    def _die(self, c: Target, cause: str) -> None:
        self.n_killers += c.killers
        self.n_others += c.others
        self.targets.remove(c)
        self.deaths[cause] += 1
