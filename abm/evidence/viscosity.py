"""What a plasma exchange that takes a quarter of the IgM does to hyperviscosity."""

from collections.abc import Sequence

from abm.evidence.claim import Case, Claim
from abm.evidence.cohorts import FEW_AGENTS, Found, Patient
from abm.inference.measured import Interval

NORMAL_CP = 1.55  # assumed: serum without monoclonal IgM
BURDEN = 1.2e12  # assumed: B cells that keep 80 g/L of IgM, where viscosity is steep
QUARTER = 0.305  # of the plasma: 25 % of an IgM of which 82 % is in the plasma


def _patient(seed: int) -> Sequence[Case]:
    point = FEW_AGENTS | {
        "duration": "28 h",
        "cohort": None,
        "populations.b_cells.cells": BURDEN,
        "probes.patient": {"every": "4 h"},
        "arms": {"exchange": {"add": [{"plasmapheresis": QUARTER, "at": "24 h"}]}},
    }
    return [Patient("patient", 0, point)]


def _excess_fall(found: Found) -> float:
    before, after = (found["patient"][f"exchange.{when}_viscosity_cP"] for when in ("baseline", "end"))
    return 100.0 * (1.0 - (after - NORMAL_CP) / (before - NORMAL_CP))


CLAIMS = (
    Claim(
        id="P8", role="fit", unit="%", observed=55.0, lo=50.0, hi=60.0,
        text="IgM falls by 20-30 %, viscosity above normal by 50-60 %",
        source="assumed: of the excess over normal, in the steep range",
        cases=_patient, measure=_excess_fall, group="patient",
        likelihood=Interval(50.0, 60.0),
    ),
)  # fmt: skip
