"""The well-mixed limit: what very many equal cells without places do, by ordinary differential equations.

Each function takes the scenario's parameters and returns the expected state at the asked moments. Cells of one kind
are equal, so a cell's state is a probability: of carrying M complexes (a master equation, exact for any number of
cells), or of being held by so many NK cells (exact for many).
"""

from typing import Any

import numpy as np
from scipy.integrate import solve_ivp
from scipy.stats import poisson

from abm.verify.closed_forms import docking_per_h
from abm.verify.wells import law_of

MOLECULES_PER_NM_UL = 6.02214076e23 * 1e-15
COMPLEMENT = ("c1q", "c2c4", "c3", "c5c9")


def solved(rates, start, times_h) -> np.ndarray:
    """Integrate to a relative error far below any sampling error; one row per moment."""
    found = solve_ivp(rates, (0.0, times_h[-1]), start, "LSODA", times_h, rtol=1e-8, atol=1e-8)
    if not found.success:
        raise ValueError(found.message)
    return found.y.T


def antibody(scenario: Any, times_h: np.ndarray) -> dict[str, np.ndarray]:
    """Binding, internalisation, recovery of CD20, decay and background death.

    Returns
    -------
    dict
        ``n`` cells, ``bound`` and ``cd20`` per cell, and in molecules ``free``, ``internalised``, ``decayed``,
        ``lysed``.
    """
    drug, b = scenario.antibodies.rituximab, scenario.populations.b_cells
    inside, death = law_of(scenario, "internalisation"), law_of(scenario, "death").rate_per_h
    decay = np.log(2.0) / law_of(scenario, "antibody_decay").half_life
    per_nM, kon, sites = (
        MOLECULES_PER_NM_UL * scenario.space.volume,
        3600e-9 * drug.kon_per_M_per_s,
        drug.sites_per_cd20,
    )

    def rates(t, y):
        n, bound, cd20, free, *_ = y
        gain = kon * free / per_nM * (sites * cd20 - bound) - kon * drug.kd_nM * bound
        taken = inside.rate_per_h * bound
        recovered = inside.recovery_per_h * (b.cd20.median - cd20)
        lost = decay * free
        return [
            -death * n,
            gain - taken,
            recovered - taken / sites,
            -n * gain - lost,
            n * taken,
            lost,
            death * n * bound,
        ]

    dose = per_nM * scenario.arms["both"].add[0].rituximab * 1e3 / drug.mw_kDa
    names = ("n", "bound", "cd20", "free", "internalised", "decayed", "lysed")
    y = solved(rates, [b.n, 0.0, b.cd20.median, dose, 0.0, 0.0, 0.0], times_h)
    return dict(zip(names, y.T, strict=True))


def complexes(scenario: Any, bound: float, times_h: np.ndarray, most: int) -> dict[str, np.ndarray]:
    """Docking, C3b, MACs and lysis at a constant amount of bound antibody; components decay but are not used up.

    Parameters
    ----------
    scenario : Scenario
        Parameters.
    bound : float
        Antibody per cell.
    times_h : array
        Moments, first 0.
    most : int
        MACs per cell that the equation follows.

    Returns
    -------
    dict
        ``mac``: chance of each number of MACs on a living cell, shape (times, most + 1); ``c3b``: mean per cell,
        lysed or not.
    """
    mac, lysis, c3b = (law_of(scenario, kind) for kind in ("mac_insertion", "mac_lysis", "c3b_deposition"))
    decay, frac = law_of(scenario, "complement_decay"), scenario.arms["both"].add[1].serum
    m = np.arange(most + 1)
    hazard = lysis.max_per_h * m**lysis.steepness / (lysis.mac50_per_cell**lysis.steepness + m**lysis.steepness)

    def rates(t, y):
        level = {name: frac * np.exp(-getattr(decay, f"{name}_per_h") * t) for name in COMPLEMENT}
        docked = docking_per_h(scenario, bound, level)
        p, repaired = y[:-1], mac.repair_per_h * m * y[:-1]
        per_event = mac.per_event * level["c5c9"] / (level["c5c9"] + mac.half_c5c9_frac)
        burst = poisson.pmf(np.arange(12), per_event)
        gained = docked * (np.convolve(p, burst)[: most + 1] - p)
        change = gained - repaired - hazard * p
        change[:-1] += repaired[1:]
        return np.append(change, c3b.burst * docked - c3b.loss_per_h * y[-1])

    y = solved(rates, np.eye(1, most + 2)[0], times_h)
    return {"mac": y[:, :-1], "c3b": y[:, -1]}


def conjugates(scenario: Any, times_h: np.ndarray, n_killers: int) -> dict[str, np.ndarray]:
    """Engagement with its cap, parting, one-hit killing, background death, division and influx, at full Fc signal.

    A target is held by ``k`` killers and ``j`` other NK cells, ``k + j`` at most the cap.

    Returns
    -------
    dict
        ``n`` targets, ``free_killers``, ``free_others``, ``killed``, ``died``, ``born``, ``came``.
    """
    law, hit_per_h = law_of(scenario, "engagement"), law_of(scenario, "killing").rate_per_h
    cap, n_nk = law.max_per_target, round(scenario.populations.nk_cells.per_b_cell * scenario.populations.b_cells.n)
    death, division, influx = (law_of(scenario, kind).rate_per_h for kind in ("death", "division", "influx"))
    meet = law.rate_per_h * np.pi * law.contact_um**2 / scenario.space.side**2
    held = [(k, j) for k in range(cap + 1) for j in range(cap + 1 - k)]
    at = {state: index for index, state in enumerate(held)}

    def rates(t, y):
        change = np.zeros(y.size)
        killers, others = y[len(held) : len(held) + 2]
        tally = len(held) + 2

        def move(source, target, rate):
            """Move targets between states, and NK cells with them; no target: the cell goes and frees its NK cells."""
            (k, j), (to_k, to_j) = source, target or (0, 0)
            change[at[source]] -= rate
            if target:
                change[at[target]] += rate
            change[-6] += (k - to_k) * rate
            change[-5] += (j - to_j) * rate

        for (k, j), n in zip(held, y, strict=False):
            if k + j < cap:
                move((k, j), (k + 1, j), meet * killers * n)
                move((k, j), (k, j + 1), meet * others * n)
            if k:
                move((k, j), (k - 1, j), k * law.unbinding_per_h * n)
            if j:
                move((k, j), (k, j - 1), j * law.unbinding_per_h * n)
            move((k, j), None, (k * hit_per_h + death) * n)
            change[tally : tally + 3] += [k * hit_per_h * n, death * n, division * n]
            change[at[0, 0]] += division * n
        change[at[0, 0]] += influx
        change[-1] = influx
        return change

    start = np.zeros(len(held) + 6)
    start[at[0, 0]] = scenario.populations.b_cells.n
    start[len(held) : len(held) + 2] = n_killers, n_nk - n_killers
    y = solved(rates, start, times_h).T
    names = ("free_killers", "free_others", "killed", "died", "born", "came")
    return {"n": y[: len(held)].sum(axis=0)} | dict(zip(names, y[len(held) :], strict=True))
