"""Bellosillo 2001: which samples rituximab and serum lyse, and that none does below about 50 000 CD20."""

from collections.abc import Callable, Mapping

from abm.evidence.claim import Case, Claim, Values
from abm.evidence.protocols import donor, donor_medians, lysis

RESPONSE_PERCENT = 30.0  # assumed: what counts as a response


def _cohort(disease: str, n_donors: int) -> Callable[[int], list[Case]]:
    return lambda seed: [
        donor(f"{disease}{i}", median) for i, median in enumerate(donor_medians(disease, n_donors, seed))
    ]


def _responding_percent(found: Mapping[str, Values]) -> float:
    return 100.0 * sum(lysis(values) > RESPONSE_PERCENT for values in found.values()) / len(found)


def _dim(seed: int) -> list[Case]:
    return [donor(f"{cd20}", cd20) for cd20 in (20e3, 30e3, 40e3)]


CLAIMS = (
    Claim(
        "V1-CLL", "fit", "9 of 33 CLL samples are lysed by rituximab and serum", "%", 100 * 9 / 33, 15.1, 44.2,
        "Bellosillo2001", _cohort("CLL", 33), _responding_percent,
    ),
    Claim(
        "V1-MCL", "fit", "16 of 16 MCL samples are lysed", "%", 100.0, 80.6, 100.0,
        "Bellosillo2001", _cohort("MCL", 16), _responding_percent,
    ),
    Claim(
        "V1-HCL", "fit", "2 of 2 HCL samples are lysed", "%", 100.0, 34.2, 100.0,
        "Bellosillo2001", _cohort("HCL", 2), _responding_percent,
    ),
    Claim(
        "V1-dim", "fit", "no sample below about 50 000 CD20 is lysed", "% lysis", 0.0, 0.0, RESPONSE_PERCENT,
        "Bellosillo2001", _dim, lambda found: max(map(lysis, found.values())),
    ),
)  # fmt: skip
