"""What a protocol gives a patient and when: infusions and plasma exchanges, in engine units."""

from abm.core.par import Model

SAME_MOMENT_H = 1e-8


class Infusion(Model):
    """One infusion: a dose by body surface over some hours, part of a course."""

    t_h: float
    over_h: float
    mg_per_m2: float
    course: int = 0
    unless_progressed: bool = False


class Removal(Model):
    """One plasma exchange: the share of the plasma that is replaced."""

    t_h: float
    frac: float


class Treatment(Model):
    """All events of one protocol in order of time; ``world.traits["treatment"]``."""

    infusions: tuple[Infusion, ...] = ()
    removals: tuple[Removal, ...] = ()
