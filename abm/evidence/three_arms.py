"""The assay: what survives serum, effectors and both, how it depends on CD20, and the IgM in the medium."""

import math
from collections.abc import Callable, Mapping

import numpy as np

from abm.evidence.claim import HYPOTHESES, Case, Claim, Values
from abm.evidence.protocols import RITUXIMAB, SERUM, arm
from abm.study.measures import CD20_BINS

N = 2000
ARMS = {
    "serum": arm(RITUXIMAB, SERUM, without=("nk_cells",)),
    "effectors": arm(RITUXIMAB),
    "both": arm(RITUXIMAB, SERUM),
}
OFF = {"processes.shield": None, "processes.igg": None, "processes.potency": None, HYPOTHESES["subset"][0]: 0.0}
FEWEST = 40  # cells in a bin
WM_CD20 = (60e3, 240e3)


def _arms(*names: str) -> Callable[[int], list[Case]]:
    return lambda seed: [Case("arms", N, {"arms": {name: ARMS[name] for name in names}})]


def _none(seed: int) -> list[Case]:
    return [Case("arms", N, OFF | {"arms": {"both": ARMS["both"]}})]


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
    """Return the size of the slope of survival in ln CD20 above 20 000 sites."""
    cd20, alive, n = _curve(found["wide"], "effectors")
    above = cd20 > 20e3
    return abs(float(np.polyfit(np.log(cd20[above]), alive[above], 1, w=np.sqrt(n[above]))[0]))


def _igm_balance(found: Mapping[str, Values]) -> float:
    """Return IgM in the medium over what living cells secrete and lysed ones release, from their mean rates."""
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
    return float(np.corrcoef(secreted, [values[f"{n}.alive_h_per_cell"] for n in (*ARMS, "none")])[0, 1])


def _with_untreated(seed: int) -> list[Case]:
    return [Case("arms", N, {"arms": ARMS | {"none": arm(SERUM)}})]


AUDIT = "design: the observation the model was built for"
CLAIMS = (
    Claim(
        "A1", "fit", "serum alone leaves 15-25 % of the B cells", "%", 20.0, 15.0, 25.0, AUDIT,
        _arms("serum"), _percent("serum"),
    ),
    Claim(
        "A2", "fit", "effector cells alone leave 15-25 %", "%", 20.0, 15.0, 25.0, AUDIT,
        _arms("effectors"), _percent("effectors"),
    ),
    Claim(
        "A3", "decide", "serum and effector cells together leave 15-25 %", "%", 20.0, 15.0, 25.0, AUDIT,
        _arms("both"), _percent("both"),
    ),
    Claim(
        "A3-none", "goal", "without the four hypotheses both together leave less than 8 %", "%", 4.0, 0.0, 8.0,
        "design: two independent survivals of a fifth leave 4 %", _none, _percent("both"),
    ),
    Claim(
        "A4-serum", "goal", "survival in serum falls most steeply in the CD20 range of WM cells", "10^3 CD20 per cell",
        152.0, WM_CD20[0] / 1e3, WM_CD20[1] / 1e3, "Ginaldi1998; Bellosillo2001", _spread_out("serum"), _steepest,
    ),
    Claim(
        "A4-effectors", "goal", "survival with V/V effectors hardly depends on CD20 above 20 000 sites",
        "per ln CD20", 0.0, 0.0, 0.07, "DallOzzo2004", _spread_out("effectors"), _flatness,
    ),
    Claim(
        "A5-balance", "goal", "IgM in the medium is what the living secrete and the lysed release", "1", 1.0,
        0.97, 1.03,
        "design: a balance", _with_untreated, _igm_balance,
    ),
    Claim(
        "A5-arms", "goal", "secreted IgM differs between arms as the time does that cells live", "r", 1.0, 0.98, 1.0,
        "design: a balance", _with_untreated, _igm_order,
    ),
)  # fmt: skip
