"""The published observations of the assay, as scenarios: conditions in, the observed quantity out."""

import math
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from scipy.optimize import curve_fit

from abm.core import jit
from abm.core.par import plain
from abm.scenario.build import Well, build
from abm.scenario.from_file import load_scenario
from abm.scenario.load import Document, apply_overrides, validate
from abm.scenario.schema import Scenario

PARAMETERS = Path(__file__).resolve().parents[2] / "configs" / "parameters" / "wm_bright.yaml"
LINE, PRIMARY = 0.6, 4.0


@dataclass(frozen=True)
class Outcome:
    """What one well showed at its end."""

    alive: float
    lysed: float
    kills: float
    never: float
    c3b: float


def patch(n: int) -> dict[str, object]:
    """Return a floor and a volume for ``n`` B cells at the density of a full well."""
    return {
        "space.side": f"{5657.0 * math.sqrt(n / 10_000)} um",
        "space.volume": f"{200.0 * n / 10_000} uL",
        "populations.b_cells.n": n,
    }


def scenario(changes: dict[str, object]) -> Scenario:
    """Return the calibrated parameters with some changes."""
    base = plain(load_scenario(PARAMETERS))
    return validate(Scenario, Document("published", apply_overrides(base, changes, Scenario)))


def observe(changes: dict[str, object]) -> Outcome:
    """Run one well and read its end."""
    jit.set_threads(1)
    replicate = changes.pop("replicate", 0)
    simulation = build(scenario(changes), Well("arm", replicate))
    simulation.run()
    world = simulation.world
    b, nk = world.populations["b_cells"], world.populations.get("nk_cells")
    n = max(1, world.tallies["b_cells.entered"])
    return Outcome(
        alive=float((~b.is_dying).sum()) / n,
        lysed=world.tallies.get("b_cells.lysed", 0) / n,
        kills=float(nk.n_kills.mean()) if nk is not None and nk.n else 0.0,
        never=float((nk.n_kills == 0).mean()) if nk is not None and nk.n else 0.0,
        c3b=float(b.c3b_per_cell.mean()) if b.n else 0.0,
    )


def observe_all(cases: list[dict[str, object]], n_workers: int) -> list[Outcome]:
    """Run many wells over spawned workers."""
    with ProcessPoolExecutor(n_workers, get_context("spawn")) as pool:
        return list(pool.map(observe, cases))


def arm(*add: dict, without: tuple = ()) -> dict[str, object]:
    """Return a single arm."""
    return {"arms": {"arm": {"add": list(add), "without": list(without)}}}


RTX, SERUM = {"rituximab": "10 ug/mL"}, {"serum": "25 %"}


def three_arms(n: int, seed: int) -> list[dict[str, object]]:
    """Serum, effectors, both and their controls, 24 h."""
    base = patch(n) | {"seed": seed}
    return [
        base | arm(RTX, SERUM, without=("nk_cells",)),
        base | arm(RTX),
        base | arm(RTX, SERUM),
        base | arm(SERUM, without=("nk_cells",)),
        base | arm(),
        base | arm(SERUM),
    ]


def lysis_case(n: int, cd20: float, hits: float, et: float, seed: int) -> list[dict[str, object]]:
    """V8: resting NK cells, 4 h, no serum; treated and control."""
    base = patch(n) | {
        "seed": seed,
        "duration": "4 h",
        "populations.b_cells.cd20.median": cd20,
        "populations.b_cells.low_fraction": 0.0,
        "populations.b_cells.hits_needed.median": hits,
        "populations.nk_cells.state": "resting",
        "populations.nk_cells.per_b_cell": et,
    }
    return [base | arm(RTX), base | arm()]


def specific_lysis(treated: Outcome, control: Outcome) -> float:
    """Return the lysis above the control's, of what the control left."""
    return (treated.lysed - control.lysed) / (1.0 - control.lysed)


def dose_case(n: int, genotype: str, ng_per_mL: float, seed: int) -> dict[str, object]:
    """V7: Daudi-like cells, resting NK at 10:1 added 30 min after the antibody, 4 h together."""
    nk = {"nk_cells": 10 * n, "at": "30 min"}
    drug = [{"rituximab": f"{ng_per_mL} ng/mL"}] if ng_per_mL else []
    return (
        patch(n)
        | arm(*drug, nk)
        | {
            "seed": seed,
            "duration": "4.5 h",
            "populations.b_cells.cd20.median": 140_000.0,
            "populations.b_cells.low_fraction": 0.0,
            "populations.b_cells.hits_needed.median": LINE,
            "populations.nk_cells.state": "resting",
            "populations.nk_cells.per_b_cell": 0.0,
            "processes.engagement.fcgr3a": genotype,
        }
    )


def ec50(doses: np.ndarray, lysis: np.ndarray) -> tuple[float, float]:
    """Return EC50 (unit of the doses) and plateau of a logistic dose-response curve."""

    def law(log_dose, top, log_ec50, slope):
        return top / (1.0 + np.exp(-slope * (log_dose - log_ec50)))

    found, _ = curve_fit(law, np.log(doses), lysis, p0=(lysis.max(), math.log(np.median(doses)), 1.0), maxfev=20_000)
    return float(math.exp(found[1])), float(found[0])


def serial_killing_case(n: int, seed: int) -> dict[str, object]:
    """V11: few IL-2-activated NK cells among many line-like targets at four times the well's density, 16 h."""
    crowded = {"space.side": f"{0.5 * 5657.0 * math.sqrt(n / 10_000)} um"}
    return (
        patch(n)
        | arm(RTX)
        | crowded
        | {
            "seed": seed,
            "duration": "16 h",
            "populations.b_cells.low_fraction": 0.0,
            "populations.b_cells.hits_needed.median": LINE,
            "populations.nk_cells.per_b_cell": 0.1,
        }
    )


def c3b_case(n: int, seed: int) -> dict[str, object]:
    """V5: Raji-like cells with antibody and serum, 1 h."""
    return (
        patch(n)
        | arm(RTX, SERUM, without=("nk_cells",))
        | {
            "seed": seed,
            "duration": "1 h",
            "populations.b_cells.cd20.median": 150_000.0,
            "populations.b_cells.low_fraction": 0.0,
        }
    )


def donor_cases(disease: str, n_donors: int, n: int, seed: int) -> list[dict[str, object]]:
    """V1: donors of one disease, serum 25 %, 4 h."""
    mean, sd = {"CLL": (65e3, 11e3), "MCL": (123e3, 51e3), "HCL": (312e3, 110e3)}[disease]
    rng = np.random.default_rng(seed)
    sigma = math.sqrt(math.log(1.0 + (sd / mean) ** 2))
    means = mean * np.exp(sigma * rng.standard_normal(n_donors) - 0.5 * sigma**2)
    own = {"populations.b_cells.low_fraction": 0.0, "duration": "4 h", "seed": seed}
    return [
        patch(n)
        | arm(RTX, SERUM, without=("nk_cells",))
        | own
        | {
            "populations.b_cells.cd20.median": float(m) * math.exp(-0.5 * 0.4**2),
            "replicate": k,
            "populations.b_cells.cd55.sigma": 0.5,
            "populations.b_cells.cd59.sigma": 0.5,
        }
        for k, m in enumerate(means)
    ]
