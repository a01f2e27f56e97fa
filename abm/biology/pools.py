"""Pools in which mechanisms meet, and the ledgers by which molecules, milligrams and cells balance: what each one is.

An amount in molecules is of the whole volume: a concentration is it over ``6.02214076e8 molecules per nM and uL``.
"""

from abm.core.measure import Measure, Measures

DECLARED = (
    Measure("antibody_*_supplied", "molecules", "* ever dissolved in the medium"),
    Measure("antibody_*_lysed", "molecules", "* bound to cells when they lysed"),
    Measure("antibody_*_internalised", "molecules", "* taken into cells"),
    Measure("antibody_*_shaved", "molecules", "* stripped by effector cells"),
    Measure("antibody_*_decayed", "molecules", "* lost from the medium by decay"),
    Measure("antibody_*", "molecules", "free *"),
    *(
        Measure(f"{name}{end}", "molecules", f"{words}{told}")
        for name, words in (("c1q", "C1q"), ("c2c4", "C2/C4"), ("c3", "C3"), ("c5c9", "C5-C9"))
        for end, told in (
            ("", " left in the medium"),
            ("_supplied", " ever dissolved"),
            ("_used", " spent"),
            ("_decayed", " that lost its activity"),
        )
    ),
    Measure("anti_cd55", "1", "share of CD55 that an antibody blocks"),
    Measure("anti_cd59", "1", "share of CD59 that an antibody blocks"),
    Measure("c3b_stabiliser", "1", "share of the full effect of an antibody that stabilises C3b"),
    Measure("igg", "molecules", "human IgG in the medium"),
    Measure("igg_supplied", "molecules", "human IgG ever dissolved"),
    Measure("igm_serum", "molecules", "IgM from serum that was added"),
    Measure("igm_serum_supplied", "molecules", "IgM ever dissolved with serum"),
    Measure("igm_secreted", "molecules", "IgM secreted by living B cells"),
    Measure("igm_released", "molecules", "IgM released by B cells that lysed"),
    Measure("dheas", "molecules", "DHEAS; of a patient, in plasma"),
    Measure("dheas_supplied", "molecules", "DHEAS ever dissolved"),
    Measure("dheas_lost", "molecules", "DHEAS lost"),
    Measure("dheas_taken_up", "molecules", "DHEAS taken up by NK cells"),
    Measure("dheas_released", "molecules", "DHEAS from a local source"),
    Measure("ibrutinib", "molecules", "ibrutinib in the medium"),
    Measure("ibrutinib_supplied", "molecules", "ibrutinib ever dissolved"),
    Measure("ibrutinib_decayed", "molecules", "ibrutinib lost from the medium by decay"),
    Measure("*_washed", "molecules", "* taken away with washed medium"),
    Measure("drug_*_central_mg", "mg", "* in plasma"),
    Measure("drug_*_peripheral_mg", "mg", "* in tissue"),
    Measure("drug_*_eliminated_mg", "mg", "* cleared by the body"),
    Measure("drug_*_by_target_mg", "mg", "* cleared by CD20"),
    Measure("drug_*_removed_mg", "mg", "* taken away by plasma exchange"),
    Measure("drug_*_dosed_mg", "mg", "* ever given"),
    Measure("drug_*_ug_per_mL", "ug/mL", "* in plasma"),
    Measure("drug_ug_per_mL", "ug/mL", "antibody in plasma, of all kinds"),
    Measure("drug_effect", "1", "effect of the drug in the marrow, 0-1"),
    Measure("courses_withheld", "1", "which courses are withheld, course k (from 0) adding 2 to the power of k"),
    Measure("ibrutinib_mg", "mg", "ibrutinib in the body"),
    Measure("ibrutinib_dosed_mg", "mg", "ibrutinib ever taken"),
    Measure("ibrutinib_eliminated_mg", "mg", "ibrutinib eliminated"),
    Measure("btk_free", "1", "share of BTK that no drug holds"),
    Measure("il6", "1", "IL-6 beyond the usual, relative"),
    Measure("rel_secretion", "1", "secretion of IgM relative to the usual"),
    Measure("igm_clone_g", "g", "IgM in the body secreted by clonal B cells"),
    Measure("igm_plasma_g", "g", "IgM in the body secreted by fed plasma cells"),
    Measure("igm_long_lived_g", "g", "IgM in the body secreted by long-lived plasma cells"),
    Measure("igm_g_per_L", "g/L", "serum IgM"),
    Measure("igm_nadir_g_per_L", "g/L", "lowest serum IgM so far"),
    Measure("albumin_g_per_L", "g/L", "serum albumin"),
    Measure("viscosity_cP", "cP", "serum viscosity"),
    Measure("start_growth_per_h", "1/h", "growth of the clone at the start"),
    Measure("cells_born", "cells", "cells of the clone ever born"),
    Measure("cells_crowded", "cells", "cells of the clone that died for want of room"),
    Measure("cells_killed", "cells", "cells of the clone ever killed"),
    Measure("plasma_born", "cells", "fed plasma cells ever there"),
    Measure("plasma_died", "cells", "fed plasma cells that died"),
    Measure("long_lived_born", "cells", "long-lived plasma cells ever there"),
    Measure("long_lived_died", "cells", "long-lived plasma cells that died"),
    Measure("surface_igm_MFI", "1", "surface IgM at the start, mean fluorescence"),
    Measure("calcium_percent", "%", "calcium mobilisation at the start"),
)

POOLS = Measures(DECLARED)
