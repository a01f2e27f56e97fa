"""What is left of the drug after one to six months at published half-lives; the second points fit no exponential."""

from collections.abc import Sequence

from abm.evidence.claim import Case, Claim
from abm.evidence.cohorts import FEW_AGENTS, Found, Measure, Patient
from abm.inference.measured import Interval

FAST, MEDIAN, SLOW = 10.5, 22.5, 36.0  # days
LOOKS_D = (30, 45, 60, 90, 120, 180)
SOURCE = "assumed: as stated, the slow group and the second points contradict their own half-lives"


def _patient(seed: int) -> Sequence[Case]:
    infusion = {"add": [{"infusion": "375 mg/m2"}]}
    halves = {"fast": FAST, "median": MEDIAN, "slow": SLOW}
    arms = {name: infusion | {"set": {"processes.drug.half_life": f"{d} d"}} for name, d in halves.items()}
    looks = {"every": "7 d", "at": ["4 h", *(f"{24 * days + 4} h" for days in LOOKS_D)]}
    point = FEW_AGENTS | {
        "duration": "200 d",
        "cohort": None,
        "processes.drug": {"kind": "one_compartment"},
        "probes.patient": looks,
        "arms": arms,
    }
    return [Patient("patient", 0, point)]


def _left(name: str, days: int) -> Measure:
    def measure(found: Found) -> float:
        return 100.0 * found["patient"][f"{name}.drug_left_{days}d_frac"]

    return measure


def _claim(name: str, days: int, observed: float, role: str, words: str) -> Claim:
    lo, hi = observed - 3.0, observed + 3.0
    return Claim(
        id=f"P1-{name}-{days}d", role=role, unit="%", observed=observed, lo=lo, hi=hi,
        text=words,
        source=SOURCE,
        cases=_patient, measure=_left(name, days), group="patient",
        likelihood=Interval(lo, hi),
    )  # fmt: skip


CLAIMS = (
    _claim("fast", 30, 15.0, "goal", "half-life 10-11 d: 15 % left at 30 d"),
    _claim("median", 60, 15.0, "goal", "half-life 22-23 d: 15 % left at 60 d"),
    _claim("slow", 120, 15.0, "prediction", "half-life 36 d: 15 % left at 120 d"),
    _claim("fast", 45, 10.0, "prediction", "half-life 10-11 d: 10 % left at 45 d"),
    _claim("median", 90, 10.0, "prediction", "half-life 22-23 d: 10 % left at 90 d"),
    _claim("slow", 180, 10.0, "prediction", "half-life 36 d: 10 % left at 180 d"),
)
