"""What a claim is, and how the files of this folder are found."""

import importlib
import math
import pkgutil
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from abm.core.errors import Fault, InputError, nearest
from abm.evidence.hypotheses import strengths
from abm.inference.likelihood import Likelihood

Role = Literal["fit", "decide", "goal", "prediction"]
Values = Mapping[str, float]
ROLES = ("fit", "decide", "goal", "prediction")
SIDE_UM, VOLUME_UL, B_CELLS = 5657.0, 200.0, 10_000  # design: the full well, whose density a patch keeps


@dataclass(frozen=True)
class Case:
    """One experiment that a claim asks for.

    Attributes
    ----------
    name : str
        Where the claim's measure finds its values.
    n : int
        B cells, on a patch with the density of a full well.
    point : mapping, or callable from the number of B cells to one
        What the experiment changes in the parameter set, by dotted path; it has arms of its own.
    """

    name: str
    n: int
    point: Mapping[str, Any] | Callable[[int], Mapping[str, Any]]

    def at(self, scale: float) -> dict[str, Any] | None:
        """Return the point with the size of its patch, scaled; None if the case is left out at that scale."""
        n = max(50, round(self.n * scale))
        side_um = SIDE_UM * math.sqrt(n / B_CELLS)
        patch = {"space.side": f"{side_um} um", "space.volume": f"{VOLUME_UL * n / B_CELLS} uL"}
        own = self.point(n) if callable(self.point) else self.point
        return patch | {"populations.b_cells.n": n} | dict(own)

    def under(self, base: str, scale: float) -> dict[str, Any] | None:
        """Return the point under a parameter set, the text of :func:`abm.study.rows.as_base`; usually that of all."""
        return self.at(scale)


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One published observation.

    With `likelihood` or `told_by`, whatever is not a goal says what it tells a fit.

    Attributes
    ----------
    id : str
        As in the table of claims, such as ``V7-VV``.
    role : str
        ``fit`` and ``prediction`` may be learnt from, each paper being judged by a fit without it; the word says which
        the first parameter sets had been told. ``decide`` sets the strengths of hypotheses only, a ``goal`` nothing.
    text : str
        What was observed, in one sentence.
    unit : str
        Of the numbers.
    observed : float
        The published value.
    lo, hi : float
        What agrees with it: the published range, or the 95 % interval of what was observed.
    source : str
        Reference keys, or ``assumed:`` and why.
    cases : callable
        From a seed to the experiments; what is drawn, such as donors, is drawn from the seed.
    measure : callable
        From the values of the experiments by name to the number that was observed.
    group : str
        ``assay``, ``patient`` or ``cll``: which parameter set it is held against.
    trial : int
        Patients of the published trial: then the claim holds when the observed value lies inside the 95 % range of
        simulated trials of that size, drawn from the patients of all seeds.
    paper : str
        Reference key of the paper whose laboratory and patients these are; none for what no paper stands behind.
    likelihood : Likelihood
        How the number was measured.
    at : callable
        From the values of the experiments to what the likelihood is of, where that is not `measure`; as `measure`, but
        in the unit of the likelihood, such as the share below a published median.
    told_by : tuple of str
        Claims whose likelihoods tell the same data already: this one has none.
    subject : str
        Of one's own observations: whom they are of, such as a donor. They are left out together, and have no
        discrepancy, since there is no other laboratory.
    """

    id: str
    role: Role
    text: str
    unit: str
    observed: float
    lo: float
    hi: float
    source: str
    cases: Callable[[int], Sequence[Case]]
    measure: Callable[[Mapping[str, Values]], float]
    group: str = field(default="assay")
    trial: int = 0
    paper: str = ""
    likelihood: Likelihood | None = None
    at: Callable[[Mapping[str, Values]], float] | None = None
    told_by: tuple[str, ...] = ()
    subject: str = ""

    def value(self, found: Mapping[str, Values]) -> float:
        """Return what the likelihood is of, from the values of the experiments.

        In the claim's unit, or where there is `at` in the likelihood's own: a share for a quantile, standard errors for
        a difference that was not significant. Its `to_link` takes it as it is.
        """
        return float((self.at or self.measure)(found))

    @property
    def sd(self) -> float:
        """Return the standard deviation that the range stands for, as a 95 % interval."""
        return (self.hi - self.lo) / (2.0 * 1.96)


def claims(group: str = "") -> list[Claim]:
    """Return every claim of this folder in the order of their identities.

    Raises
    ------
    InputError
        There is no such group.
    """
    package = importlib.import_module("abm.evidence")
    modules = (
        importlib.import_module(f"abm.evidence.{found.name}") for found in pkgutil.iter_modules(package.__path__)
    )
    found = [claim for module in modules for claim in vars(module).get("CLAIMS", ())]
    groups = sorted({claim.group for claim in found})
    if group and group not in groups:
        near = nearest(group, groups)
        raise InputError(Fault(f"no group '{group}'", file=f"--group {group}", allowed=", ".join(groups), nearest=near))
    found.sort(key=lambda claim: [int(p) if p.isdecimal() else p for p in re.split(r"(\d+)", claim.id)])
    return [claim for claim in found if group in ("", claim.group)]


def chosen(ids: Iterable[str]) -> list[Claim]:
    """Return the claims of these identities.

    Raises
    ------
    InputError
        There is none of that name.
    """
    known = {claim.id: claim for claim in claims()}
    wrong = [name for name in ids if name not in known]
    if wrong:
        all_ = ", ".join(known)
        raise InputError(
            *(Fault(f"no claim '{n}'", file=f"--claim {n}", allowed=all_, nearest=nearest(n, known)) for n in wrong)
        )
    return [known[name] for name in ids]


def refuse_roles(fitted: Iterable[Claim], free: Iterable[str]) -> None:
    """Refuse a fit on claims, or of parameters, that their roles do not allow.

    Raises
    ------
    InputError
        A goal is among the claims, or ``decide`` while other than hypothesis strengths are free.
    """
    others = sorted(set(free) - set(strengths()))
    faults = []
    for claim in fitted:
        if claim.role == "goal":
            faults.append(Fault(f"{claim.id} is a goal: never calibrated on", allowed="claims to fit"))
        elif claim.role == "decide" and others:
            text = f"{claim.id} decides between hypotheses: it cannot set {', '.join(others)}"
            faults.append(Fault(text, allowed=", ".join(sorted(strengths()))))
    if faults:
        raise InputError(*faults)
