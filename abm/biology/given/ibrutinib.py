"""Ibrutinib: a daily dose by mouth."""

from collections.abc import Mapping
from typing import Any, ClassVar

from abm.core import words
from abm.core.addition import WHAT_IS_GIVEN, Addition
from abm.core.errors import Fault
from abm.core.par import par


class IbrutinibGiven(Addition):
    """A daily dose until the next one says another; 0 mg stops it."""

    kind: ClassVar[str] = "ibrutinib"
    scale: ClassVar = "body"
    needs: ClassVar[tuple[str, ...]] = ("pools.btk_free",)
    usual: ClassVar[Mapping[str, str]] = {"body": "420 mg"}
    noun: ClassVar[str] = "a daily dose"

    ibrutinib: float = par(..., "mg", WHAT_IS_GIVEN, "Ibrutinib by mouth each day from then on", ge=0, le=1e4)
    missed: float = par(0.0, "1", "design: every dose is taken", "Share of the daily doses missed", ge=0, le=1)

    @classmethod
    def faults(cls, given: Mapping[int, Any]) -> list[Fault]:
        """Refuse two doses for the same days."""
        daily = set()
        for index, one in given.items():
            if one.at in daily:
                return [Fault(f"two daily doses from {one.at:g} h on", f"{index}.at", allowed="one")]
            daily.add(one.at)
        return []

    @property
    def is_drug(self) -> bool:
        """Whether it treats: a dose of 0 stops treatment."""
        return self.ibrutinib > 0.0

    def words(self) -> str:
        """Return what a report says of it."""
        since = self.when("from", " on")
        if not self.ibrutinib:
            return f"no ibrutinib{since}"
        missed = f", {words.share(self.missed)} of the doses missed" if self.missed else ""
        return f"ibrutinib {self.amount_words()} a day{since}{missed}"
