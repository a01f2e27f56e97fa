"""Bellosillo 2001: which samples rituximab and serum lyse, and that none does below about 50 000 CD20."""

from collections.abc import Callable, Mapping

from abm.evidence.claim import Case, Claim, Values
from abm.evidence.protocols import donor, donor_medians, lysis
from abm.inference.counted import Counts
from abm.inference.measured import Interval

RESPONSE_PERCENT = 30.0  # assumed: what counts as a response


def _cohort(disease: str, n_donors: int) -> Callable[[int], list[Case]]:
    return lambda seed: [
        donor(f"{disease}{i}", median, i) for i, median in enumerate(donor_medians(disease, n_donors, seed))
    ]


def _responding_percent(found: Mapping[str, Values]) -> float:
    return 100.0 * sum(lysis(values) > RESPONSE_PERCENT for values in found.values()) / len(found)


def _dim(seed: int) -> list[Case]:
    return [donor(f"{cd20}", cd20) for cd20 in (20e3, 30e3, 40e3)]


CLAIMS = (
    Claim(
        id="V1-CLL", role="fit", unit="%", observed=100 * 9 / 33, lo=15.1, hi=44.2,
        text="9 of 33 CLL samples are lysed by rituximab and serum",
        source="Bellosillo2001",
        cases=_cohort("CLL", 33), measure=_responding_percent,
        paper="Bellosillo2001", likelihood=Counts(9, 33, 100),
    ),
    Claim(
        id="V1-MCL", role="fit", unit="%", observed=100.0, lo=80.6, hi=100.0,
        text="16 of 16 MCL samples are lysed",
        source="Bellosillo2001",
        cases=_cohort("MCL", 16), measure=_responding_percent,
        paper="Bellosillo2001", likelihood=Counts(16, 16, 100),
    ),
    Claim(
        id="V1-HCL", role="fit", unit="%", observed=100.0, lo=34.2, hi=100.0,
        text="2 of 2 HCL samples are lysed",
        source="Bellosillo2001",
        cases=_cohort("HCL", 2), measure=_responding_percent,
        paper="Bellosillo2001", likelihood=Counts(2, 2, 100),
    ),
    Claim(
        id="V1-dim", role="fit", unit="% lysis", observed=0.0, lo=0.0, hi=RESPONSE_PERCENT,
        text="no sample below about 50 000 CD20 is lysed",
        source="Bellosillo2001",
        cases=_dim, measure=lambda found: max(map(lysis, found.values())),
        paper="Bellosillo2001", likelihood=Interval(-RESPONSE_PERCENT, RESPONSE_PERCENT),
    ),
)  # fmt: skip
