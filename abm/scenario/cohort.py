"""What a scenario may say of a cohort: how patients differ, when they are seen, what counts as a response."""

import math
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from abm.core.errors import Fault
from abm.core.par import Model, par, refusal

if TYPE_CHECKING:
    from abm.scenario.arms import Arm

WAYS = ("cv", "sd", "range", "shares")
CHOSEN = "design: chosen per cohort"
KIMBY = "Kimby2006"


class Spread(Model):
    """How one quantity differs between patients; its typical value is the scenario's own.

    ``cv`` makes it log-normal about its median, ``sd`` (in its unit) normal about its mean, ``range`` uniform,
    ``shares`` one of some words.
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

    The replicates of a scenario with a cohort are its patients; a patient is the same under every protocol.
    """

    vary: dict[str, Spread] = Field(default_factory=dict)
    correlate: tuple[Correlation, ...] = ()

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


def starts_h(arm: "Arm") -> tuple[float, float]:
    """Return when the first infusion of a protocol begins and when the last of its first course does, h.

    Both are the first dose where all are by mouth; 0 and NaN where nothing is given.
    """
    drugs = [addition for addition in arm.add if addition.is_drug]
    courses = [drug.moments for drug in sorted(drugs, key=lambda drug: not drug.antibody)]
    return (courses[0][0], courses[0][-1]) if courses else (0.0, math.nan)


class EndPoints(Model):
    """When patients with Waldenstroem disease are seen and what counts as what; all of serum IgM alone.

    *References*: Kimby2006 (response criteria of the third workshop on Waldenstroem macroglobulinaemia).
    """

    kind: Literal["igm"] = "igm"
    weekly_until: float = par(
        "12 weeks", "h", "design: a flare is missed by monthly visits", "Weekly visits until", ge=0
    )
    visit_every: float = par("4 weeks", "h", "design: monthly visits", "Time between later visits", gt=0)
    is_confirmed: bool = True
    minor_frac: float = par(0.25, "1", KIMBY, "Fall that is a minor response", gt=0, lt=1)
    partial_frac: float = par(0.5, "1", KIMBY, "Fall that is a partial response", gt=0, lt=1)
    very_good_frac: float = par(0.9, "1", KIMBY, "Fall that is a very good partial response", gt=0, lt=1)
    progression_rel: float = par(0.25, "1", KIMBY, "Rise above the lowest that is progression", gt=0, le=10)
    progression: float = par("0.5 g/dL", "g/L", KIMBY, "and at least", ge=0, le=100)
    any_rise_rel: float = par(0.05, "1", "assumed: more than the assay's error", "Rise in weeks 1-8 that counts", ge=0)
    flare_rel: float = par(0.25, "1", "Ghobrial2004", "Rise that is a flare", gt=0, le=10)
    flare_until: float = par(
        "12 weeks", "h", "assumed: later rises are progression", "Rises until then are flares", ge=0
    )

    @model_validator(mode="after")
    def _deeper_is_better(self) -> Self:
        for name, better in (("minor_frac", "partial_frac"), ("partial_frac", "very_good_frac")):
            if getattr(self, name) > getattr(self, better):
                text = f"{getattr(self, name):g} is above {better}, {getattr(self, better):g}"
                raise refusal(Fault(text, name, allowed="minor_frac <= partial_frac <= very_good_frac"))
        return self

    def first_h(self, arm: "Arm") -> float:
        """Return when a protocol's visits begin, h: its first infusion, or dose; the start where nothing is given."""
        return starts_h(arm)[0]

    def visits_h(self, end_h: float) -> list[float]:
        """Return the moments of all visits, hours from the first infusion, the first at 0."""
        week = 168.0
        weekly = np.arange(0.0, min(self.weekly_until, end_h) + 1e-6, week)
        later = np.arange(float(weekly[-1]) + self.visit_every, end_h + 1e-6, self.visit_every)
        return [float(t) for t in np.concatenate([weekly, later])]


class LymphocyteEndPoints(Model):
    """When patients with chronic lymphocytic leukaemia are seen and what counts as what; of the lymphocyte count alone.

    *References*: Hallek2018 (progression), Chiodin2022 (groups).
    """

    kind: Literal["lymphocytes"] = "lymphocytes"
    visit_every: float = par("4 weeks", "h", "design: monthly visits", "Time between visits", gt=0)
    is_confirmed: bool = True
    progression_rel: float = par(0.5, "1", "Hallek2018", "Rise above the lowest that is progression", gt=0, le=10)
    least_per_nL: float = par(5.0, "1", "Hallek2018", "and at least, lymphocytes per nL", ge=0, le=1e4)  # noqa: N815
    redistribution_until: float = par("6 months", "h", "assumed: an early rise is none", "Not before", ge=0)
    longest_delay: float = par("6 months", "h", "assumed: 0-6 months", "Next treatment after progression by", ge=0)
    follow_up_spread: float = par(
        "0 h", "h", "design: all are followed to the end", "Follow-up is shorter by 0-2 of", ge=0
    )
    surface_igm_cut_mfi: float = par(50.0, "1", "Chiodin2022", "Much surface IgM is above, MFI", ge=0)
    calcium_cut_centile: float = par(0.44, "1", "assumed: 31 of 70 below", "Centile of calcium", ge=0, le=1)

    def first_h(self, arm: "Arm") -> float:
        """Return when a protocol's visits begin, h: its first dose of any drug; the start where nothing is given."""
        return min((addition.at for addition in arm.add if addition.is_drug), default=0.0)

    def visits_h(self, end_h: float) -> list[float]:
        """Return the moments of all visits, h, the first at 0."""
        return [float(t) for t in np.arange(0.0, end_h + 1e-6, self.visit_every)]
