"""Keys of scenarios that have other names now; files, run folders and paths may still use the old ones."""

from abm.document.renamed import Renamed, Renamings

FRACTION = "_frac ends the name of every fraction, as of falls"
MULTIPLIER = "rel_ begins the name of every multiplier"
RENAMED = Renamings(
    renamed=(
        Renamed(
            "processes.*.fcgr3a",
            "covariates.fcgr3a",
            "a genotype is the subject's",
            kinds=("engagement", "marrow_killing"),
            usual="killing",
        ),
        Renamed(
            "processes.*.bsa",
            "covariates.body_surface_m2",
            "a body surface is the patient's",
            kinds=("one_compartment", "two_compartment"),
            usual="drug",
        ),
        Renamed(
            "processes.dheas",
            "processes.potency",
            "dheas is the field of a well",
            kinds=("dheas_potency",),
            where=("space.kind", "body"),
        ),
        Renamed("serum.donor.sex", "covariates.sex", "it is the subject's"),
        Renamed("serum.donor.age_years", "covariates.age_years", "it is the subject's"),
        Renamed("processes.*.vv_rel", "processes.*.rel_vv", MULTIPLIER),
        Renamed("processes.*.vf_rel", "processes.*.rel_vf", MULTIPLIER),
        Renamed("processes.*.ff_rel", "processes.*.rel_ff", MULTIPLIER),
        Renamed("processes.*.niche_rel", "processes.*.rel_niche", MULTIPLIER),
        Renamed("processes.*.capacity_rel", "processes.*.rel_capacity", MULTIPLIER),
        Renamed("processes.*.long_lived_rel", "processes.*.rel_long_lived", MULTIPLIER),
        Renamed("processes.*.at_rel", "processes.*.rel_size", MULTIPLIER),
        Renamed("end_points.progression_rel", "end_points.progression_frac", FRACTION),
        Renamed("end_points.any_rise_rel", "end_points.any_rise_frac", FRACTION),
        Renamed("end_points.flare_rel", "end_points.flare_frac", FRACTION),
        Renamed("populations.b_cells.persisting_rel", "populations.b_cells.rel_persisting", MULTIPLIER),
        Renamed(
            "processes.*.granules", "processes.*.granules_time_constant", "it is the time constant of their refilling"
        ),
        Renamed("processes.*.cd16", "processes.*.cd16_time_constant", "it is the time constant of its recovery"),
    ),
    holding=(
        "arms.*.set",
        "arms.*.change.*.set",
        "cohort.vary",
        "cohort.columns",
        "cohort.correlate.*.of",
        "set",
        "design.axes",
        "design.points.*",
        "free",
        "posterior_of",
    ),
)
