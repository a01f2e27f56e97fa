"""Whatever can be given says what it is, where, how much, and what it needs, and comes back from its file."""

import pytest
from pydantic import ValidationError

from abm.biology.populations import CELL_TYPES
from abm.core.addition import Addition
from abm.core.par import describe, plain
from abm.document.load import dump, resolve, validate
from abm.scenario.arms import Arm
from abm.scenario.kinds import GIVEN, PROCESSES

USUAL = [(kind, scale) for kind, cls in GIVEN.items() for scale in cls.usual]
each_usual = pytest.mark.parametrize(("kind", "scale"), USUAL)
each_kind = pytest.mark.parametrize("kind", GIVEN)
WRITTEN = {(cls.scale, target) for cls in PROCESSES.values() for target in cls().writes}


def given(kind, scale, **more):
    """Return an addition in its usual amount, as YAML would give it."""
    text = GIVEN[kind].usual[scale]
    (addition,) = Arm.model_validate({"add": [{kind: int(text) if text.isdecimal() else text, **more}]}).add
    return addition


@each_kind
def test_it_is_offered_where_it_can_be_given(kind):
    cls = GIVEN[kind]
    assert set(cls.usual) in ({"well", "body"} if cls.scale == "both" else {cls.scale}, set())
    for scale in cls.usual:
        assert [where for where in ("well", "body") if given(kind, scale).is_for(where)] == [scale]


@each_kind
def test_its_amount_is_the_key_that_names_it(kind):
    amounts = GIVEN[kind].amounts()
    assert amounts[0] == kind
    assert all(name in {row["name"] for row in describe(GIVEN[kind])} for name in amounts)
    units = [GIVEN[kind].unit(name) for name in amounts]
    assert len(set(units)) == len(units)


@each_usual
def test_it_is_frozen_and_takes_nothing_unknown(kind, scale):
    addition = given(kind, scale)
    for name in type(addition).model_fields:
        with pytest.raises(ValidationError, match="frozen"):
            setattr(addition, name, getattr(addition, name))
    with pytest.raises(ValidationError, match="no_such_key"):
        given(kind, scale, no_such_key=1)


@each_usual
def test_it_comes_back_equal_from_plain_data_and_from_yaml(kind, scale, tmp_path):
    arm = Arm(add=(given(kind, scale, at="90 min"),))
    assert Arm.model_validate(plain(arm)) == arm
    (tmp_path / "arm.yaml").write_text(dump(arm))
    assert validate(Arm, resolve(tmp_path / "arm.yaml")) == arm


@each_usual
def test_its_words_name_it_and_its_amount(kind, scale):
    addition = given(kind, scale)
    amount = addition.amount_words()
    assert any(digit in amount for digit in "123456789")
    assert amount in addition.words()
    assert len(addition.words()) > len(amount) + 3
    assert addition.words() != given(kind, scale, at="90 min").words()


@each_usual
def test_its_moments_are_in_order_of_time_from_its_own_on(kind, scale):
    more = {"times": 3} if "times" in GIVEN[kind].model_fields else {}
    addition = given(kind, scale, at="90 min", **more)
    assert addition.moments[0] == 1.5
    assert addition.moments == sorted(addition.moments)
    assert all(end > start for start, end in zip(addition.moments, addition.ends, strict=False))


@each_usual
def test_what_it_needs_some_process_can_write(kind, scale):
    cls = GIVEN[kind]
    for need in cls.needs:
        assert {(scale, need), ("both", need)} & WRITTEN
    assert not cls.population or cls.population in CELL_TYPES


@pytest.mark.parametrize("kind", [kind for kind, cls in GIVEN.items() if "well" in cls.usual])
def test_what_enters_a_well_at_its_moment_stays_in_the_ledger(kind, culture):
    needed = [
        name for name, cls in PROCESSES.items() if set(GIVEN[kind].needs) & set(cls().writes) and cls.scale != "body"
    ]
    cells = {"b_cells": {"n": 20}} | ({GIVEN[kind].population: {}} if GIVEN[kind].population else {})
    amount = plain(given(kind, "well"))
    add = [{"igg": "1 uM"}, amount | {"at": "30 min"}]
    sim = culture({name: {} for name in needed}, add, {"populations": cells, "dt": "10 min"})
    sim.step()
    before = dict(sim.world.pools.amounts) | {name: p.n for name, p in sim.world.populations.items()}
    sim.run()
    after = dict(sim.world.pools.amounts) | {name: p.n for name, p in sim.world.populations.items()}
    assert [name for name in after if after[name] > before.get(name, 0.0)]
    for name in (name for name in after if name.endswith("_supplied")):
        substance = name.removesuffix("_supplied")
        fates = [pool for pool in after if pool.startswith(substance) and pool != name]
        assert sum(after[pool] for pool in fates) == pytest.approx(after[name], rel=1e-9)


def test_every_kind_says_what_it_is():
    assert all(issubclass(cls, Addition) and cls.kind == kind and cls.__doc__ for kind, cls in GIVEN.items())
    assert len({cls.__name__ for cls in GIVEN.values()}) == len(GIVEN)
