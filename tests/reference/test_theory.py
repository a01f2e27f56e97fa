"""What theory says about single mechanisms: every closed form that an installation is held against, and variants."""

import pytest

from abm.verify.closed_forms import CASES, hits, walk

VARIANTS = {"walk between walls": lambda: walk("reflecting"), "one hit kills": lambda: hits(needed=1.0)}


@pytest.mark.parametrize("case", [*CASES.values(), *VARIANTS.values()], ids=[*CASES, *VARIANTS])
def test_the_engine_has_what_theory_says(case):
    found = case()
    assert found
    for check in found:
        assert check.verdict == "passed", check
