"""What a protocol gives a patient and when: infusions, plasma exchanges and daily doses, in engine units."""

from abm.core.par import Model

SAME_MOMENT_H = 1e-8


class Infusion(Model):
    """One infusion: a dose by body surface, or a flat one, over some hours, part of a course."""

    t_h: float
    over_h: float
    mg_per_m2: float = 0.0
    flat_mg: float = 0.0
    course: int = 0
    unless_progressed: bool = False

    def dose_mg(self, surface_m2: float) -> float:
        """Return what it gives a patient."""
        return self.mg_per_m2 * surface_m2 + self.flat_mg


class Removal(Model):
    """One plasma exchange: the share of the plasma that is replaced."""

    t_h: float
    frac: float


class Oral(Model):
    """A daily dose by mouth from a moment on, and the probability that one is missed."""

    t_h: float
    mg_per_day: float
    missed_frac: float = 0.0


class Treatment(Model):
    """All events of one protocol in order of time; ``world.properties["treatment"]``."""

    infusions: tuple[Infusion, ...] = ()
    removals: tuple[Removal, ...] = ()
    oral: tuple[Oral, ...] = ()
