"""What an antibody against CD20 is to the model; a new drug is one file with other numbers."""

from abm.core.measure import Measure
from abm.core.par import Model, par


class Antibody(Model):
    """Properties that binding, complement and NK cells see.

    Subclasses set ``kind`` and the values they differ in.
    """

    mw_kDa: float = par(145.0, "kDa", "RituxanLabel", "Molecular weight", gt=0, le=1e4)
    kd_nM: float = par(0.8, "nM", "Bondza2017", "Dissociation constant on living cells", gt=0, le=1e4)
    kon_per_M_per_s: float = par(3e5, "1/M/s", "assumed: 1-5e5, usual for IgG", "Association rate", gt=0, le=1e8)
    sites_per_cd20: float = par(0.7, "1", "assumed: between 1:2 and 1:1", "IgG per CD20 at saturation", gt=0, le=1)
    rel_c1q: float = par(1.0, "1", "design: rituximab is 1", "Docking of C1 relative to rituximab", ge=0, le=10)
    rel_cd16: float = par(1.0, "1", "design: rituximab is 1", "Affinity for CD16 relative to rituximab", gt=0, le=100)
    rel_internalisation: float = par(
        1.0, "1", "design: rituximab is 1", "Internalisation relative to rituximab", ge=0, le=10
    )
    rel_clearance: float = par(
        1.0, "1", "assumed: as rituximab", "Clearance by a patient relative to rituximab", ge=0, le=10
    )
    rel_target_clearance: float = par(
        1.0, "1", "assumed: as rituximab", "Clearance by a patient's CD20 relative to rituximab", ge=0, le=10
    )

    def nM_per_ug_per_mL(self) -> float:
        """Nanomolar per microgram per millilitre."""
        return 1e3 / self.mw_kDa

    def free(self) -> Measure:
        """Return what is counted of it in a medium, which a reader sees by weight."""
        name, factor = self.kind.replace("_", " "), 1.0 / self.nM_per_ug_per_mL()
        return Measure(f"{self.kind}_nM", "nM", f"free {name}", shown="µg/mL", factor=factor)


class AntibodiesOfArm(Model):
    """The antibodies that an arm gives and those that any arm of its scenario gives, in order of name."""

    given: tuple[Antibody, ...] = ()
    shown: tuple[Antibody, ...] = ()
