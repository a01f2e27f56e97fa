"""Keys of scenarios that have other names now; files, run folders and paths may still use the old ones."""

from abm.document.renamed import Renamed, Renamings

RENAMED = Renamings(
    renamed=(
        Renamed(
            "processes.*.granules", "processes.*.granules_time_constant", "it is the time constant of their refilling"
        ),
        Renamed("processes.*.cd16", "processes.*.cd16_time_constant", "it is the time constant of its recovery"),
    ),
    holding=(
        "arms.*.set",
        "arms.*.change.*.set",
        "cohort.vary",
        "cohort.correlate.*.of",
        "set",
        "design.axes",
        "design.points.*",
        "free",
        "posterior_of",
        "strengths",
    ),
)
