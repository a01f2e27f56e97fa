"""A docstring falls into its claim and the paragraphs under their words."""

from abm.biology.effectors.killing import Killing
from abm.dossier.told import plain, sentence, told

TEXT = """A claim, that
goes on.

*Model*: ``a = b * c``, as :mod:`abm.core.pace` has it.

More of the *same*.

*Reads*: x, pools.y_*. *Writes*: z.

*References*: Gillespie1977.
"""


def test_paragraphs_stand_under_their_words_and_one_without_goes_on_with_the_one_before():
    found = told(TEXT)
    assert found.claim == "A claim, that goes on."
    assert found.under("Model") == ["``a = b * c``, as pace has it.", "More of the same."]
    assert found.under("Reads") == ["x, pools.y_*."]
    assert found.under("Writes") == ["z."]
    assert found.under("Assumes") == []


def test_stars_of_names_stay_and_those_of_words_go():
    assert plain("bound_*_per_cell is *dying*") == "bound_*_per_cell is dying"
    assert sentence(Killing).endswith("hits.")
