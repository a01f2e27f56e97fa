"""The assay: what survives serum, effectors and both, how it depends on CD20, and the IgM in the medium."""

import math
from collections.abc import Callable, Mapping

import numpy as np

from abm.evidence.claim import Case, Claim, Values
from abm.evidence.hypotheses import without
from abm.evidence.protocols import RITUXIMAB, SERUM, arm
from abm.inference.measured import Interval
from abm.readouts.cd20 import CD20_BINS
from abm.statistics.correlation import pearson

N = 2000
ARMS = {
    "serum": arm(RITUXIMAB, SERUM, without=("nk_cells",)),
    "effectors": arm(RITUXIMAB),
    "both": arm(RITUXIMAB, SERUM),
}
FEWEST = 40  # cells in a bin
WM_CD20 = (60e3, 240e3)


def _arms(*names: str) -> Callable[[int], list[Case]]:
    return lambda seed: [Case("arms", N, {"arms": {name: ARMS[name] for name in names}})]


def _none(seed: int) -> list[Case]:
    return [Case("arms", N, without() | {"arms": {"both": ARMS["both"]}})]


def _spread_out(name: str) -> Callable[[int], list[Case]]:
    """Cells whose CD20 spans two decades, so that one culture shows the whole curve."""
    wide = {
        "populations.b_cells.cd20.median": 110e3,
        "populations.b_cells.cd20.sigma": 0.9,
        "populations.b_cells.low_fraction": 0.0,
    }
    return lambda seed: [Case("wide", 8000, wide | {"arms": {name: ARMS[name]}})]


def _percent(name: str) -> Callable[[Mapping[str, Values]], float]:
    return lambda found: 100.0 * found["arms"][f"{name}.survival"]


def _curve(values: Values, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return CD20, survival and number of cells of the bins with enough cells."""
    bins = [(b, values.get(f"{name}.n_cd20_{b}", 0.0), values.get(f"{name}.alive_cd20_{b}", 0.0)) for b in CD20_BINS]
    kept = np.array([(cd20, alive / n, n) for cd20, n, alive in bins if n >= FEWEST])
    return kept[:, 0], kept[:, 1], kept[:, 2]


def _steepest(found: Mapping[str, Values]) -> float:
    """Return the CD20 at which survival falls most steeply in ln CD20, over a span of two bins."""
    cd20, alive, _ = _curve(found["wide"], "serum")
    slope = (alive[2:] - alive[:-2]) / np.log(cd20[2:] / cd20[:-2])
    return float(cd20[1:-1][np.argmin(slope)]) / 1e3


def _flatness(found: Mapping[str, Values]) -> float:
    """Return the absolute slope of survival in ln CD20 above 20 000 sites."""
    cd20, alive, n = _curve(found["wide"], "effectors")
    above = cd20 > 20e3
    return abs(float(np.polyfit(np.log(cd20[above]), alive[above], 1, w=np.sqrt(n[above]))[0]))


def _igm_balance(found: Mapping[str, Values]) -> float:
    """Return IgM in the medium divided by what living cells secrete and lysed cells release, from their mean rates."""
    values = found["arms"]
    ratios = []
    for name in ARMS:
        per_s, stored = (median * math.exp(0.5 * 0.5**2) for median in (100.0, 1e6))
        molecules = per_s * 3600.0 * values[f"{name}.alive_h_per_cell"] + stored * values[f"{name}.lysed_frac"]
        ratios.append(values[f"{name}.igm_molecules_per_cell"] / molecules)
    return float(np.mean(ratios))


def _igm_order(found: Mapping[str, Values]) -> float:
    """Return the correlation of secreted IgM with the time cells lived, over the arms and an untreated one."""
    values = found["arms"]
    secreted = [values[f"{n}.igm_molecules_per_cell"] * (1 - values[f"{n}.igm_released_frac"]) for n in (*ARMS, "none")]
    return pearson(secreted, [values[f"{n}.alive_h_per_cell"] for n in (*ARMS, "none")])


def _with_untreated(seed: int) -> list[Case]:
    return [Case("arms", N, {"arms": ARMS | {"none": arm(SERUM)}})]


AUDIT = "design: the observation the model was built for"
CLAIMS = (
    Claim(
        id="A1", role="fit", unit="%", observed=20.0, lo=15.0, hi=25.0,
        text="serum alone leaves 15-25 % of the B cells",
        source=AUDIT,
        cases=_arms("serum"), measure=_percent("serum"),
        likelihood=Interval(15.0, 25.0),
    ),
    Claim(
        id="A2", role="fit", unit="%", observed=20.0, lo=15.0, hi=25.0,
        text="effector cells alone leave 15-25 %",
        source=AUDIT,
        cases=_arms("effectors"), measure=_percent("effectors"),
        likelihood=Interval(15.0, 25.0),
    ),
    Claim(
        id="A3", role="decide", unit="%", observed=20.0, lo=15.0, hi=25.0,
        text="serum and effector cells together leave 15-25 %",
        source=AUDIT,
        cases=_arms("both"), measure=_percent("both"),
        likelihood=Interval(15.0, 25.0),
    ),
    Claim(
        id="A3-none", role="goal", unit="%", observed=4.0, lo=0.0, hi=8.0,
        text="without the four hypotheses both together leave less than 8 %",
        source="design: two independent survivals of a fifth leave 4 %",
        cases=_none, measure=_percent("both"),
    ),
    Claim(
        id="A4-serum", role="goal", unit="10^3 CD20 per cell", observed=152.0, lo=WM_CD20[0] / 1e3,
        hi=WM_CD20[1] / 1e3,
        text="survival in serum falls most steeply in the CD20 range of WM cells",
        source="Ginaldi1998; Bellosillo2001",
        cases=_spread_out("serum"), measure=_steepest,
    ),
    Claim(
        id="A4-effectors", role="goal", unit="per ln CD20", observed=0.0, lo=0.0, hi=0.07,
        text="survival with V/V effectors hardly depends on CD20 above 20 000 sites",
        source="DallOzzo2004",
        cases=_spread_out("effectors"), measure=_flatness,
    ),
    Claim(
        id="A5-balance", role="goal", unit="1", observed=1.0, lo=0.97, hi=1.03,
        text="IgM in the medium is what the living secrete and the lysed release",
        source="design: a balance",
        cases=_with_untreated, measure=_igm_balance,
    ),
    Claim(
        id="A5-arms", role="goal", unit="r", observed=1.0, lo=0.98, hi=1.0,
        text="secreted IgM differs between arms as the time does that cells live",
        source="design: a balance",
        cases=_with_untreated, measure=_igm_order,
    ),
)  # fmt: skip
