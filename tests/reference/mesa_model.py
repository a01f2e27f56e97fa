"""The floor assay as a Mesa model: one agent per cell on a Moore grid, the same mechanisms and rates.

What differs from the engine follows from the grid: an NK cell touches the B cells of its own grid cell, whose area is
that of the engine's contact disc. NK cells keep their place inside the grid cell, so that they walk as in the engine.
"""

import math
from dataclasses import dataclass
from typing import Any

import mesa
import numpy as np
from mesa.discrete_space import CellAgent, FixedAgent, OrthogonalMooreGrid

from tests.reference.mesa_rules import COMPLEMENT, Rules, lognormal


class BCell(FixedAgent):
    """A B cell: it stays where it settled."""

    def __init__(self, model, cell, cd20, cd55, cd59, hits_needed, igm_per_s, igm_stored):
        super().__init__(model)
        self.cell = cell
        self.cd20 = self.cd20_start = cd20
        self.cd55, self.cd59 = cd55, cd59
        self.hits_needed, self.igm_per_s, self.igm_stored = hits_needed, igm_per_s, igm_stored
        self.bound = self.c3b = self.damage = self.fc = self.hazard_cdc = 0.0
        self.mac = 0
        self.held_by = []
        self.mark = self.t_lysis = math.inf
        self.cause = ""

    def take_antibody(self):
        """Bind, internalise, regrow CD20, secrete, and show the Fc that C3b does not hide."""
        m, r = self.model, self.model.rules
        gain = (r.sites * self.cd20 * m.occupancy - self.bound) * m.bound_share
        m.antibody -= gain
        self.bound += gain
        lost = self.bound * r.internalised
        self.bound -= lost
        self.cd20 = max(0.0, self.cd20 - lost / r.sites)
        self.cd20 += (self.cd20_start - self.cd20) * r.regrown
        seen = self.bound * (1.0 - r.shield_max * self.c3b / (self.c3b + r.c3b50)) / m.fc50
        self.fc = seen / (1.0 + seen)
        self.damage *= r.damage_kept
        if not self.cause:
            m.igm += self.igm_per_s * r.dt_s

    def take_complement(self):
        """Dock, opsonise, insert and repair pores."""
        m, r, poisson = self.model, self.model.rules, self.model.rng.poisson
        self.c3b *= r.c3b_kept
        if self.mac:
            self.mac -= m.rng.binomial(self.mac, r.repaired)
        crowding = (self.bound / r.rho50) ** r.docking_steepness
        docked = poisson(m.docking * crowding / (1.0 + crowding)) if m.docking > 0.0 else 0
        if docked:
            c3b = poisson(r.burst * docked / self.cd55)
            mac = poisson(m.mac_per_event * docked / (math.sqrt(self.cd55) * self.cd59))
            self.c3b += c3b
            self.mac += mac
            m.use_complement(docked, c3b, mac)
        together = (self.mac / r.mac50) ** r.mac_steepness
        self.hazard_cdc = r.lysis_per_h * together / (1.0 + together)

    def meet_fate(self):
        """Lose antibody to the NK cells that hold it; commit to the first cause of this step; lyse after the lag."""
        m, r = self.model, self.model.rules
        if self.held_by:
            lost = self.bound * r.shaved
            self.bound -= lost
            self.cd20 = max(0.0, self.cd20 - lost / r.sites)
        if not self.cause:
            self.commit()
        if self.t_lysis <= m.t_h + r.dt_h:
            m.igm += self.igm_stored
            for nk in self.held_by:
                nk.partner = None
            self.remove()

    def commit(self):
        """Decide between background death, complement and NK cells, whichever comes first."""
        r = self.model.rules
        hazard = r.death_per_h + self.hazard_cdc
        moment = self.random.expovariate(hazard) if hazard > 0.0 else math.inf
        if min(moment, self.mark) < r.dt_h:
            by_chance = "background" if self.random.random() * hazard < r.death_per_h else "cdc"
            self.cause = "adcc" if self.mark < moment else by_chance
            self.t_lysis = self.model.t_h + min(moment, self.mark) + (r.lag_h if self.cause == "adcc" else 0.0)
            self.model.deaths[self.cause] += 1
        self.mark = math.inf


class NKCell(CellAgent):
    """An NK cell: walks, engages what it touches, hits what it holds."""

    def __init__(self, model, cell, x_um, y_um, is_killer):
        super().__init__(model)
        self.cell = cell
        self.x_um, self.y_um, self.is_killer = x_um, y_um, is_killer
        self.granules = self.cd16 = self.potency = 1.0
        self.n_kills = 0
        self.partner = None
        self.turn()

    def turn(self):
        """Look into a new direction."""
        angle = 2.0 * math.pi * self.random.random()
        self.x_heading, self.y_heading = math.cos(angle), math.sin(angle)

    def act(self):
        """Recover, follow the local DHEAS, part or engage, hit."""
        m, r = self.model, self.model.rules
        self.granules += (1.0 - self.granules) * r.refilled
        self.cd16 += (1.0 - self.cd16) * r.cd16_regrown
        self.potency += (m.potency[m.voxel(self)] - self.potency) * r.potency_share
        if self.partner is not None:
            self.part()
        if self.partner is None:
            self.engage()
        if self.partner is not None and self.is_killer:
            self.hit()

    def part(self):
        """Let go now and then, sooner of a target that dies."""
        r = self.model.rules
        if self.random.random() < (r.p_unbind_dying if self.partner.cause else r.p_unbind):
            self.partner.held_by.remove(self)
            self.partner = None

    def engage(self):
        """Take hold of one of the B cells here, by the Fc they show."""
        r = self.model.rules
        touched = [a for a in self.cell.agents if isinstance(a, BCell) and len(a.held_by) < r.cap]
        signal = sum(b.fc for b in touched)
        if signal > 0.0 and self.random.random() < -math.expm1(-r.engagement * self.cd16 * signal):
            self.partner = self.random.choices(touched, [b.fc for b in touched])[0]
            self.partner.held_by.append(self)
            self.cd16 *= r.cd16_kept

    def hit(self):
        """Deliver lytic hits, each at the cost of granules."""
        r, target = self.model.rules, self.partner
        hits = self.model.rng.poisson(r.hits * self.granules * self.potency * target.fc)
        if hits:
            self.granules *= r.granules_kept**hits
            target.damage += hits
            if not target.cause and target.damage >= target.hits_needed and target.mark == math.inf:
                target.mark = self.random.random() * r.dt_h
                self.n_kills += 1

    def walk(self):
        """Go on, turning now and then; the walls mirror."""
        m, r = self.model, self.model.rules
        if self.random.random() < r.p_turn:
            self.turn()
        if self.partner is not None:
            return
        self.x_um, self.x_heading = m.mirror(self.x_um + self.x_heading * r.stride_um, self.x_heading)
        self.y_um, self.y_heading = m.mirror(self.y_um + self.y_heading * r.stride_um, self.y_heading)
        here = m.grid_cell(self.x_um, self.y_um)
        if here is not self.cell:
            self.cell = here


@dataclass
class Pools:
    """Well-mixed amounts, nM in the well."""

    c1q: float = 0.0
    c2c4: float = 0.0
    c3: float = 0.0
    c5c9: float = 0.0
    igg: float = 0.0


class FloorAssay(mesa.Model):
    """One well of a scenario, everything added at the start."""

    def __init__(self, assay: Any, arm: str, rng: int):
        super().__init__(rng=rng)
        self.rules = Rules.of(assay)
        self.assay, self.t_h, self.igm = assay, 0.0, 0.0
        self.deaths = {"adcc": 0, "background": 0, "cdc": 0}
        n_side = max(1, round(assay.space.side / math.sqrt(math.pi * self.rules.contact_um**2)))
        self.side_um, self.grid_um = assay.space.side, assay.space.side / n_side
        self.floor = OrthogonalMooreGrid((n_side, n_side), torus=False, random=self.random)
        self.add_medium(assay.arms[arm].add)
        self.add_cells(assay.populations, assay.arms[arm].without)

    def add_medium(self, additions):
        """Put antibody and serum in."""
        drug, serum = self.assay.antibodies.rituximab, self.assay.serum
        self.molecules_per_nM = 6.02214076e8 * self.assay.space.volume
        self.antibody, self.pools = 0.0, Pools()
        self.dheas = np.zeros((self.rules.n_voxels, self.rules.n_voxels))
        for addition in additions:
            if addition.kind == "rituximab":
                self.antibody += addition.rituximab * 1e3 / drug.mw_kDa * self.molecules_per_nM
            if addition.kind == "serum":
                frac = addition.serum
                neat = {name: getattr(serum, f"{name}_nM") for name in COMPLEMENT} | {"igg": 1e3 * serum.igg_uM}
                self.pools = Pools(**{name: frac * nM for name, nM in neat.items()})
                self.dheas += frac * 1e3 * serum.donor.dheas_uM(self.assay.covariates)

    def add_cells(self, populations, without):
        """Scatter the cells."""
        law, n = populations.b_cells, populations.b_cells.n
        cd20 = lognormal(self.rng, law.cd20, n)
        low = self.rng.random(n) < law.low_fraction
        cd20[low] = self.rng.random(low.sum()) * law.low_max_per_cell
        names = ("cd55", "cd59", "hits_needed", "igm_per_s", "igm_stored_per_cell")
        own = [lognormal(self.rng, getattr(law, name), n) for name in names]
        BCell.create_agents(self, n, [self.grid_cell(*self.anywhere()) for _ in range(n)], cd20 * law.cd20_scale, *own)
        if "nk_cells" in without:
            return
        nk = populations.nk_cells
        places = [self.anywhere() for _ in range(round(nk.per_b_cell * n))]
        is_killer = self.rng.random(len(places)) < nk.il2_killer_frac
        for (x_um, y_um), kills in zip(places, is_killer, strict=True):
            NKCell(self, self.grid_cell(x_um, y_um), x_um, y_um, bool(kills))

    def anywhere(self):
        """Return a place on the floor."""
        return self.random.random() * self.side_um, self.random.random() * self.side_um

    def grid_cell(self, x_um, y_um):
        """Return the grid cell at a place."""
        return self.floor[int(x_um / self.grid_um), int(y_um / self.grid_um)]

    def voxel(self, nk):
        """Return the voxel of the DHEAS array under an NK cell."""
        scale = self.rules.n_voxels / self.side_um
        return int(nk.y_um * scale), int(nk.x_um * scale)

    def mirror(self, place_um, heading):
        """Send what has left back through the wall."""
        if place_um < 0.0:
            return -place_um, -heading
        return (2.0 * self.side_um - place_um, -heading) if place_um >= self.side_um else (place_um, heading)

    def step(self):
        """Advance by one step of the scenario."""
        b, nk = self.agents_by_type[BCell], self.agents_by_type.get(NKCell)
        self.change_medium(nk)
        self.meet_antibody(b)
        b.do("take_antibody")
        b.do("take_complement")
        if nk is not None:
            nk.shuffle_do("act")
        b.do("meet_fate")
        if nk is not None:
            nk.do("walk")
        self.t_h += self.rules.dt_h

    def change_medium(self, nk):
        """Decay of antibody, complement and DHEAS; diffusion and uptake of DHEAS."""
        r = self.rules
        self.antibody *= r.antibody_kept
        for name in COMPLEMENT:
            setattr(self.pools, name, getattr(self.pools, name) * r.complement_kept[name])
        for _ in range(r.n_diffusions):
            padded = np.pad(self.dheas, 1, "edge")
            around = padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]
            self.dheas = self.dheas + r.diffusion * (around - 4.0 * self.dheas)
        crowd = np.zeros_like(self.dheas)
        for cell in nk or ():
            crowd[self.voxel(cell)] += 1.0
        self.dheas *= r.dheas_kept * np.exp(-r.uptake * crowd)
        self.potency = 1.0 + r.potency_max * self.dheas / (self.dheas + r.potency_ec50_nM)

    def meet_antibody(self, b):
        """Set what all B cells see in this step: free antibody, docking, NK half-saturation."""
        r, p = self.rules, self.pools
        bound = sum(cell.bound for cell in b)
        unbound = max(0.0, r.sites * sum(cell.cd20 for cell in b) - bound)
        free_nM, rate = self.antibody / self.molecules_per_nM, r.kon * unbound / self.molecules_per_nM
        if rate > 0.0:
            end = r.kon * r.kd_nM * bound / self.molecules_per_nM / rate
            free_nM = end + (free_nM - end) * -math.expm1(-rate * r.dt_h) / (rate * r.dt_h)
        self.occupancy = free_nM / (free_nM + r.kd_nM)
        self.bound_share = -math.expm1(-r.kon * (free_nM + r.kd_nM) * r.dt_h)
        self.fc50 = r.fc50 * (1.0 + p.igg / r.igg_k_nM)
        available = {name: r.available(name, getattr(p, name)) for name in COMPLEMENT}
        self.docking = r.docking * available["c1q"] * available["c2c4"] * available["c3"]
        self.mac_per_event = r.mac_per_event * available["c5c9"]

    def use_complement(self, docked, c3b, mac):
        """Take what one B cell used from the pools."""
        r, per_nM = self.rules, self.molecules_per_nM
        self.pools.c1q -= docked * r.c1q_per_event / per_nM
        self.pools.c2c4 -= docked * r.c2c4_per_event / per_nM
        self.pools.c3 -= c3b * r.c3_per_c3b / per_nM
        self.pools.c5c9 -= mac / per_nM

    def survival(self):
        """Return the share of B cells alive and not committed to die."""
        n = self.assay.populations.b_cells.n
        return 1.0 - sum(self.deaths.values()) / n
