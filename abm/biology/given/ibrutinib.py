"""Ibrutinib: a daily dose by mouth to a patient, a concentration to a well."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from pydantic import model_validator

from abm.core import words
from abm.core.addition import WHAT_IS_GIVEN, Addition, Dose, Scale, dissolve
from abm.core.clock import H_PER_D, SAME_MOMENT_H
from abm.core.errors import Fault
from abm.core.jit import kernel, prange
from abm.core.par import Model, par, refusal
from abm.core.rng import uniform
from abm.core.world import World


class IbrutinibGiven(Addition):
    """A daily dose until the next one says another, 0 mg stops it; in uM, what is dissolved at one moment."""

    kind: ClassVar[str] = "ibrutinib"
    scale: ClassVar = "both"
    needs: ClassVar[tuple[str, ...]] = ("pools.btk_free",)
    conserved: ClassVar[tuple[str, ...]] = ("ibrutinib",)
    route: ClassVar[str] = "ibrutinib by mouth"
    usual: ClassVar[Mapping[str, str]] = {"body": "420 mg", "well": "1 uM"}

    ibrutinib: float | None = par(None, "mg", WHAT_IS_GIVEN, "Ibrutinib by mouth each day from then on", ge=0, le=1e4)
    ibrutinib_uM: float | None = par(None, "uM", WHAT_IS_GIVEN, "Ibrutinib in the well", ge=0, le=1e4)
    missed: float = par(0.0, "1", "design: every dose is taken", "Share of the daily doses missed", ge=0, le=1)

    @model_validator(mode="after")
    def _is_daily_if_missed(self) -> "IbrutinibGiven":
        if self.missed and not self.is_daily:
            raise refusal(Fault("only a daily dose can be missed", "missed", allowed="with a dose in mg"))
        return self

    @classmethod
    def faults(cls, given: Mapping[int, Any]) -> list[Fault]:
        """Refuse two doses for the same days."""
        daily = set()
        for index, one in given.items():
            if one.is_daily and one.at in daily:
                return [Fault(f"two daily doses from {one.at:g} h on", f"{index}.at", allowed="one")]
            daily.add(one.at)
        return []

    @classmethod
    def doses(
        cls, given: Mapping[int, Any], patient_at: Callable[[float], Any], stream: np.uint64, end_h: float
    ) -> list[Dose]:
        """Return the daily doses that are taken."""
        found = taken(list(given.values()), stream, 0.0, end_h)
        return [Dose(t_h, mg.item(), every_d=1) for t_h, mg in found if mg[0] > 0.0]

    @property
    def is_daily(self) -> bool:
        """Whether it is taken by mouth."""
        return self.ibrutinib is not None

    @property
    def is_drug(self) -> bool:
        """Whether it treats: a dose of 0 stops treatment."""
        return self.amount > 0.0

    def is_for(self, scale: Scale) -> bool:
        """Return whether it is in mg for a patient, in uM for a well."""
        return self.is_daily == (scale == "body")

    def enter(self, world: World, known: Mapping[str, Model]) -> None:
        """Dissolve it in a well; a patient takes it day by day."""
        if self.ibrutinib_uM is not None:
            dissolve(world, "ibrutinib", self.ibrutinib_uM * 1e3)

    def words(self) -> str:
        """Return what a report says of it."""
        if not self.is_daily:
            return super().words()
        since = self.when("from", " on")
        if not self.ibrutinib:
            return f"no ibrutinib{since}"
        missed = f", {words.share(self.missed)} of the doses missed" if self.missed else ""
        return f"ibrutinib {self.amount_words()} a day{since}{missed}"


@kernel
def draw_luck(luck, days, key):
    """Draw a number of each day of each patient."""
    for d in prange(days.size):
        for s in range(luck.shape[1]):
            luck[d, s] = uniform((key[0][s], key[1]), days[d], 1)


def taken(regimen: Sequence[IbrutinibGiven], stream: Any, from_h: float, to_h: float) -> list[tuple[float, np.ndarray]]:
    """Return the moments, h, and what each patient takes then, mg, from one moment to before another.

    Parameters
    ----------
    regimen : sequence of IbrutinibGiven
        In order of time; doses are at the hour of the first.
    stream : int or array of int, shape (n_subjects,)
        Key of the process: which days are missed.
    from_h, to_h : float
        The moments.
    """
    starts = [daily.at for daily in regimen]
    first, last = (math.ceil((t - starts[0] - SAME_MOMENT_H) / H_PER_D) for t in (from_h, to_h)) if starts else (0, 0)
    if last <= max(0, first):
        return []
    key, days = (np.atleast_1d(stream), np.uint32(0)), np.arange(max(0, first), last, dtype=np.uint64)
    dose_h, luck = starts[0] + days * H_PER_D, np.empty((days.size, key[0].size))
    draw_luck(luck, days, key)
    which = np.searchsorted(starts, dose_h + SAME_MOMENT_H) - 1
    missed, mg = (np.array([np.broadcast_to(value, luck.shape[1]) for value in values])[which] for values in
                  ([one.missed for one in regimen], [one.ibrutinib for one in regimen]))  # fmt: skip
    return list(zip(np.maximum(dose_h, from_h).tolist(), np.where(luck >= missed, mg, 0.0), strict=True))
