"""What a scenario may say of a cohort: how patients, or donors of wells, differ, and what goes together."""

import math
from typing import Literal, Self

import numpy as np
from pydantic import Field, model_validator

from abm.core.errors import Fault
from abm.core.par import Model, par, refusal
from abm.core.user_file import UserFile
from abm.scenario.entry import CHOSEN, Entry

WAYS = ("cv", "sd", "range", "shares")
CELLS = "populations.b_cells.cells"  # of patients who enter, what untreated growth decides


class Spread(Model):
    """How one quantity differs between patients; its typical value is the scenario's own.

    ``cv`` makes it log-normal about its median, ``median exp(sigma z)`` with ``sigma^2 = ln(1 + cv^2)``, ``sd`` (in its
    unit) normal about its mean, ``range`` uniform, ``shares`` one of some words.
    """

    cv: float | None = par(None, "1", CHOSEN, "Coefficient of variation, log-normal", ge=0, le=5)
    sd: float | str | None = None
    range: tuple[float | str, float | str] | None = None
    shares: dict[str, float] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        given = [name for name in WAYS if getattr(self, name) is not None]
        if len(given) != 1:
            found = " and ".join(given) or "nothing"
            text = f"a quantity differs in one way, found {found}"
            raise refusal(Fault(text, allowed=" or ".join(WAYS), beside=tuple(given)))
        if self.shares is not None:
            total = math.fsum(self.shares.values())
            if min(self.shares.values(), default=-1.0) < 0.0 or abs(total - 1.0) > 1e-6:
                beside = tuple(f"shares.{word}" for word in self.shares)
                text = f"the shares sum to {total:g}"
                raise refusal(Fault(text, "shares", allowed="none negative, sum 1", beside=beside))
        return self

    @property
    def keeps_typical(self) -> bool:
        """Whether the scenario's own value says anything about patients."""
        return self.range is None and self.shares is None


class Correlation(Model):
    """Two quantities that go together: the correlation of their normal scores."""

    of: tuple[str, str]
    r: float = par(..., "1", CHOSEN, "Correlation of the normal scores", gt=-1, lt=1)


class Cohort(Model):
    """How patients differ: a spread for each dotted path of the scenario that varies, and what goes together.

    The replicates of a scenario with a cohort are its patients, of wells its donors; each is the same in every arm and
    in its controls. Patients ``from: untreated`` growth ``enter_at`` a burden that follows from the rest. They may
    stand in a ``table``: ``columns`` says by which name a path, ID or TIME stands there, a ``key`` what names and
    numbers mean; ``anonymise`` puts numbers in the place of IDs in all that is written.
    """

    from_: Literal["untreated"] | None = Field(None, alias="from")
    enter_at: Entry | None = None
    table: UserFile | None = None
    key: UserFile | None = None
    columns: dict[str, str] = Field(default_factory=dict)
    anonymise: bool = False
    vary: dict[str, Spread] = Field(default_factory=dict)
    correlate: tuple[Correlation, ...] = ()

    @property
    def drawn(self) -> list[str]:
        """Return the dotted paths of which patients have values of their own."""
        return [*self.vary, *([CELLS] if self.enter_at else [])]

    def is_usual_idle(self, path: str) -> bool:
        """Whether the scenario's own value at a path says nothing about patients."""
        return path in self.drawn and (path not in self.vary or not self.vary[path].keeps_typical)

    @model_validator(mode="after")
    def _grown(self) -> Self:
        if self.from_ and not self.enter_at:
            raise refusal(Fault("nothing says when patients enter", "from", allowed="with enter_at: {igm: 30 g/L}"))
        if self.enter_at and not self.from_:
            raise refusal(Fault("nothing says from what patients enter", "enter_at", allowed="with from: untreated"))
        if self.enter_at and CELLS in self.vary:
            text = "untreated growth decides at which burden patients enter"
            raise refusal(Fault(text, f"vary.{CELLS}", allowed="null", beside=("enter_at",)))
        return self

    @model_validator(mode="after")
    def _has_table(self) -> Self:
        for name in ("key", "columns", "anonymise"):
            if getattr(self, name) and not self.table:
                raise refusal(Fault("there is no table", name, allowed="with table: a file of patients"))
        return self

    @model_validator(mode="after")
    def _possible(self) -> Self:
        for index, pair in enumerate(self.correlate):
            for path in pair.of:
                if path not in self.vary:
                    known = ", ".join(self.vary)
                    raise refusal(Fault(f"'{path}' does not vary", f"correlate.{index}.of", allowed=known))
            if pair.of[0] == pair.of[1]:
                raise refusal(Fault("a quantity with itself", f"correlate.{index}.of", allowed="two quantities"))
        lowest = float(np.linalg.eigvalsh(self.matrix()).min()) if self.vary else 1.0
        if lowest <= 1e-10:
            text = f"the correlation matrix is not positive definite (lowest eigenvalue {lowest:.3g})"
            raise refusal(Fault(text, "correlate", allowed="correlations that can hold together"))
        return self

    def matrix(self) -> np.ndarray:
        """Return the correlations of all that varies, in order, shape (n, n)."""
        names, found = list(self.vary), np.eye(len(self.vary))
        for pair in self.correlate:
            i, j = (names.index(path) for path in pair.of)
            found[i, j] = found[j, i] = pair.r
        return found
