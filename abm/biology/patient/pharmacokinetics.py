"""Antibody in plasma and tissue, cleared by the body and by the CD20 that it meets.

*Model*: ``V1 dC/dt = infusion - (CL1 + CL2 antigen) C - Q C + Q A2/V2``, ``dA2/dt = Q C - Q A2/V2`` with ``v1``,
``v2``, ``q``, and of an antibody ``cl1 rel_clearance`` and ``cl2 rel_target_clearance``; ``antigen`` is the CD20 of the
living clone, accessible and in the niche, relative to the reference burden, at most ``antigen_max``. With antigen held
over the step the two linear equations are advanced by their exact solution; what left is split between the two ways of
clearance in proportion to their rates. An infusion flows in evenly over its length. Cells meet the concentration of the
central volume. The simple variant has one compartment and one half-life, whatever the burden.

*Assumes*: antibody that target clears is counted here; the binding of single cells takes nothing from the plasma.
Each of several antibodies is cleared as if alone; volumes and rates are those of rituximab, but for the factors that an
antibody has of its own. Cells act on all of it together.

*Reads*: CD20 of the clone; serum IgM, to withhold a course. *Writes*: pools.drug_*, pools.antibody_*.

*References*: RituxanLabel (half-life 76 h after the first and 206 h after the fourth dose, peak 486 ug/mL).
"""

import math
from abc import abstractmethod
from typing import Any, ClassVar, Literal

import numpy as np

from abm.biology.antibody.antibody import Antibody
from abm.biology.antibody.places import (
    MG_OF_EACH,
    POOLS_OF_EACH,
    UG_PER_ML_OF_EACH,
    antibodies,
    dose_pool_of,
    pool_of,
)
from abm.core.clock import SAME_MOMENT_H
from abm.core.jit import kernel, prange
from abm.core.linear import SLOWEST, one_pool, two_pools
from abm.core.par import par
from abm.core.process import Phase, Process
from abm.core.rng import Key
from abm.core.world import World

PROGRESSED_REL, PROGRESSED_G_PER_L = 1.25, 5.0  # Kimby2006: 25 % and 0.5 g/dL above the lowest
READ = (
    "pools.igm_g_per_L",
    "pools.igm_nadir_g_per_L",
    "properties.antibodies",
    "properties.covariates",
    "given.infusion",
)
FATES = ("central", "peripheral", "eliminated", "by_target", "removed")


@kernel
def distribute(central, peripheral, by_target, by_body, inflow, antigen, laws, dt_h):
    """Advance the amounts in both compartments of each patient, and write what target and what the body cleared.

    A law are both volumes, the exchange, clearance without target and by that of the usual burden, and most antigen.
    """
    for s in prange(central.size):
        v1, v2, q, body, cl2, most = laws[s, 0], laws[s, 1], laws[s, 2], laws[s, 3], laws[s, 4], laws[s, 5]
        target, before = cl2 * min(most, antigen[s]), central[s] + peripheral[s]
        rates = (body + target + q) / v1, q / v1, q / v2
        central[s], peripheral[s] = two_pools((central[s], peripheral[s]), inflow[s], rates, dt_h)
        cleared = max(0.0, before + inflow[s] * dt_h - (central[s] + peripheral[s]))
        by_target[s] = cleared * target / max(body + target, SLOWEST)
        by_body[s] = cleared - by_target[s]


class Pharmacokinetics(Process):
    """What both variants share: infusions, the ledger, and what the cells see."""

    phase: ClassVar = Phase.DOSE
    scale: ClassVar = "body"
    reads: ClassVar[tuple[str, ...]] = READ
    writes: ClassVar = (
        MG_OF_EACH,
        UG_PER_ML_OF_EACH,
        "pools.drug_ug_per_mL",
        "pools.courses_withheld",
        POOLS_OF_EACH,
    )

    v1: float = par(
        "2.7 L", "L", "fitted: on the half-lives and the peak of RituxanLabel", "Central volume", gt=0, le=50
    )

    def prepare(self, world: World) -> None:
        """Make the ledger of each antibody."""
        for drug in antibodies(world):
            for what in (*(f"{fate}_mg" for fate in (*FATES, "dosed")), "ug_per_mL"):
                world.pools.declare(dose_pool_of(drug, what))
            world.pools.declare(pool_of(drug))

    def is_idle(self, world: World) -> bool:
        """Without an antibody."""
        return not antibodies(world)

    def step(self, world: World, key: Key) -> None:
        """Infuse, distribute and clear each antibody for one step."""
        for drug in antibodies(world):
            self._advance(world, drug)
        levels = (world.pools[dose_pool_of(drug, "ug_per_mL")] for drug in antibodies(world))
        world.pools["drug_ug_per_mL"] = sum(levels)

    def _advance(self, world: World, drug: Antibody) -> None:
        pools, rate = world.pools, self.inflow(world, drug)
        by_target, eliminated = self.clear(world, drug, rate)
        pools.add(dose_pool_of(drug, "by_target_mg"), by_target)
        pools.add(dose_pool_of(drug, "eliminated_mg"), eliminated)
        pools.add(dose_pool_of(drug, "dosed_mg"), rate * world.dt_h)
        ug_per_mL = pools[dose_pool_of(drug, "central_mg")] / self.v1
        pools[dose_pool_of(drug, "ug_per_mL")] = ug_per_mL
        pools[pool_of(drug)] = pools.molecules(ug_per_mL * drug.nM_per_ug_per_mL())

    @abstractmethod
    def clear(self, world: World, drug: Antibody, rate: Any) -> tuple[Any, Any]:
        """Advance an antibody by a step with an infusion in mg/h; return what target and what the body cleared, mg."""

    def inflow(self, world: World, drug: Antibody) -> Any:
        """Return the infusion rate of an antibody in this step, mg/h; steps begin and end where infusions do."""
        total: Any = 0.0
        for course, infusion in world.given_of("infusion").items():
            for t_h in infusion.moments if infusion.of == drug.kind else ():
                is_running = t_h - SAME_MOMENT_H <= world.t_h < t_h + infusion.over - SAME_MOMENT_H
                if is_running:
                    rate = infusion.dose_mg(world.properties["covariates"]) / infusion.over
                    is_withheld = infusion.unless_progressed and self._is_withheld(world, infusion.at, course)
                    total = total + np.where(is_withheld, 0.0, rate)
        return total

    def _is_withheld(self, world: World, first_h: float, course: int) -> Any:
        """Decide at the first infusion of a conditional course for all of it; each course has its bit."""
        pools, bit = world.pools, 1 << course
        withheld = np.asarray(pools["courses_withheld"]).astype(np.int64)
        if abs(world.t_h - first_h) < SAME_MOMENT_H:
            now, nadir = pools["igm_g_per_L"], pools["igm_nadir_g_per_L"]
            has_progressed = (now >= PROGRESSED_REL * nadir) & (now - nadir >= PROGRESSED_G_PER_L)
            withheld = np.where(has_progressed, withheld | bit, withheld)
            pools["courses_withheld"] = withheld
        return (withheld & bit) > 0


class TwoCompartment(Pharmacokinetics):
    """Two compartments with target-mediated clearance."""

    kind: Literal["two_compartment"] = "two_compartment"
    reads: ClassVar[tuple[str, ...]] = (
        *READ,
        "b_cells.accessible_cells",
        "b_cells.niche_cells",
        "b_cells.cd20_per_cell",
    )

    v2: float = par("1.5 L", "L", "fitted: as v1", "Peripheral volume", gt=0, le=50)
    q: float = par("0.3 L/d", "L/h", "fitted: as v1", "Exchange between the two", ge=0, le=10)
    cl1: float = par("0.14 L/d", "L/h", "fitted: as v1", "Clearance without target", ge=0, le=10)
    cl2: float = par(
        "0.59 L/d", "L/h", "fitted: as v1; 0.3-0.8", "Clearance by target at the usual burden", ge=0, le=10
    )
    antigen_max: float = par(3.0, "1", "assumed: beyond it target clearance is saturated", "Most antigen", gt=0, le=100)

    def clear(self, world: World, drug: Antibody, rate: Any) -> tuple[Any, Any]:
        """Distribute and clear with the antigen of the step's start."""
        pools, clone = world.pools, world.cell_types["b_cells"]
        antigen = clone.cd20_mass(world.populations["b_cells"], of_all=True)
        names = [dose_pool_of(drug, where) for where in ("central_mg", "peripheral_mg")]
        amounts = [world.each(pools[name]) for name in names]
        by_target, by_body = np.empty(world.n_subjects), np.empty(world.n_subjects)
        clearances = self.cl1 * drug.rel_clearance, self.cl2 * drug.rel_target_clearance
        laws = world.laws(self.v1, self.v2, self.q, *clearances, self.antigen_max)
        distribute(*amounts, by_target, by_body, world.each(rate), antigen, laws, world.dt_h)
        pools.amounts |= dict(zip(names, amounts, strict=True))
        return by_target, by_body


class OneCompartment(Pharmacokinetics):
    """One compartment with a given half-life."""

    kind: Literal["one_compartment"] = "one_compartment"

    half_life: float = par("22 d", "h", "RituxanLabel; assumed: 10-36 d", "Half-life in plasma", gt=0, le=1e5)

    def clear(self, world: World, drug: Antibody, rate: Any) -> tuple[Any, Any]:
        """Clear exponentially."""
        central = dose_pool_of(drug, "central_mg")
        k, before = math.log(2.0) / self.half_life * drug.rel_clearance, world.pools[central]
        after = one_pool(before, rate, k, world.dt_h)
        world.pools[central] = after
        return 0.0, np.maximum(0.0, before + rate * world.dt_h - after)
