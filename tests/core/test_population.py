"""The table of one cell type against a plain list of rows."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.core.errors import RunFailed
from abm.core.population import SUBJECT, Population, join
from abm.core.space import Floor
from abm.core.table import Column
from abm.core.world import World

SIZE = Column("size", default=1.0)
MOMENT = Column("mark", default=7.0, resets=True)
PARTNER = Column("partner", "i8", default=-1, refers="b_cells")


def two_populations(n_b, partners):
    world = World(Floor(), 1.0, seed=1, replicate=0)
    world.populations = {"b_cells": Population("b_cells", [SIZE]), "nk_cells": Population("nk_cells", [PARTNER])}
    world.populations["b_cells"].add(n_b, {})
    world.populations["nk_cells"].add(len(partners), {"partner": np.array(partners, np.int64)})
    return world


def partner_uids(world):
    b, partner = world.populations["b_cells"], world.populations["nk_cells"].partner
    return [int(b.uid[row]) if row >= 0 else None for row in partner]


@st.composite
def engaged(draw):
    n = draw(st.integers(1, 12))
    return n, draw(st.lists(st.integers(-1, n - 1), max_size=15))


@given(st.lists(st.one_of(st.integers(0, 9), st.lists(st.booleans(), max_size=8), st.just("shuffle")), max_size=12))
def test_any_course_of_adding_dropping_and_reordering_keeps_rows_whole(course):
    population, rows = Population("b_cells", [SIZE]), []
    for action in course:
        if isinstance(action, int):
            values = np.arange(action) + 100.0 * len(rows)
            rows += [(population.next_uid + k, size) for k, size in enumerate(values)]
            population.add(action, {"size": values})
        elif action == "shuffle":
            order = np.argsort(-population.size)
            rows = [rows[k] for k in order]
            population.reorder(order)
        else:
            mask = np.resize(np.array(action or [True]), population.n)
            rows = [row for row, stays in zip(rows, mask, strict=True) if stays]
            population.keep(mask)
        assert list(zip(population.uid.tolist(), population.size.tolist(), strict=True)) == rows
        assert population.n == len(rows) == len(set(population.uid.tolist()))


@given(engaged(), st.data())
def test_removal_mends_references_and_frees_those_who_held_the_removed(cells, data):
    world = two_populations(*cells)
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=cells[0], max_size=cells[0])))
    before = partner_uids(world)
    world.remove("b_cells", mask)
    assert partner_uids(world) == [None if uid is None or mask[uid] else uid for uid in before]


@given(engaged(), st.randoms(use_true_random=False))
def test_reordering_mends_references(cells, random):
    world = two_populations(*cells)
    before = partner_uids(world)
    world.reorder("b_cells", np.array(random.sample(range(cells[0]), cells[0])))
    assert partner_uids(world) == before


def test_a_uid_is_never_given_twice():
    population = Population("b_cells")
    population.add(3, {})
    population.keep(np.zeros(3, bool))
    population.add(2, {})
    assert population.uid.tolist() == [3, 4]


def test_rows_added_after_a_removal_carry_nothing_of_the_removed():
    population = Population("b_cells", [SIZE])
    population.add(5, {"size": np.full(5, 9.0)})
    population.keep(np.arange(5) < 2)
    population.add(3, {})
    assert population.size.tolist() == [9.0, 9.0, 1.0, 1.0, 1.0]


def test_columns_are_reached_by_name_and_by_attribute_as_one_array():
    population = Population("b_cells", [SIZE])
    population.add(4, {})
    population.size[1] = 5.0
    assert population["size"][1] == 5.0
    assert population["size"].base is population.size.base
    assert "size" in population
    with pytest.raises(AttributeError, match="no column 'weight'"):
        _ = population.weight


def test_a_column_may_not_hide_what_every_population_has():
    with pytest.raises(RunFailed, match="no column can be called 'capacity'"):
        Population("b_cells", [Column("capacity")])


def test_a_nan_is_found_in_any_column_of_floats_with_its_cell():
    population = Population("b_cells", [SIZE, PARTNER, MOMENT, Column("small", "f4")])
    population.add(9, {})
    assert population.find_nan() is None
    for name in ("small", "mark", "size"):
        population[name][population.uid == 4] = np.nan
        population.keep(population.uid != 2)
        found, row = population.find_nan()
        assert (found, population.uid[row]) == (name, 4)
        population[name][population.uid == 4] = 1.0
    assert population.find_nan() is None


def test_a_column_declared_late_fills_rows_that_are_there():
    population = Population("b_cells")
    population.add(3, {})
    population.declare(SIZE)
    population.declare(SIZE)
    assert population.size.tolist() == [1.0, 1.0, 1.0]


def test_two_meanings_of_one_column_are_refused():
    population = Population("b_cells", [SIZE])
    with pytest.raises(RunFailed, match=r"b_cells\.size is declared twice"):
        population.declare(Column("size", default=2.0))


def test_reset_returns_only_columns_that_ask_for_it():
    population = Population("b_cells", [SIZE, MOMENT])
    population.add(2, {"size": 3.0, "mark": 0.0})
    population.reset()
    assert (population.size.tolist(), population.mark.tolist()) == ([3.0, 3.0], [7.0, 7.0])


def test_a_changed_default_reaches_reset_and_newcomers_and_is_no_new_declaration():
    population = Population("b_cells", [MOMENT])
    population.add(1, {})
    population.set_default("mark", 2.0)
    population.declare(MOMENT)
    population.add(40, {})
    assert set(population.mark[1:]) == {2.0}
    population.reset()
    assert set(population.mark) == {2.0}


def test_names_are_found_by_prefix_and_suffix():
    population = Population("b_cells", [Column("hazard_b_per_h"), Column("hazard_a_per_h"), Column("hazard_note")])
    assert population.names("hazard_", "_per_h") == ["hazard_a_per_h", "hazard_b_per_h"]


def test_an_empty_population_can_be_kept_reordered_and_reset():
    population = Population("b_cells", [SIZE, MOMENT])
    assert population.keep(np.zeros(0, bool)).size == 0
    assert population.reorder(np.zeros(0, np.int64)).size == 0
    population.reset()
    assert (population.n, population.size.size) == (0, 0)


def test_memory_per_row_is_what_the_columns_take():
    assert Population("b_cells", [SIZE, PARTNER]).bytes_per_row == 8 + 8 + 8 + 8 + 8


def patients(sizes) -> Population:
    population = Population("b_cells", [SUBJECT, Column("size")])
    population.n_subjects = len(sizes)
    subject = np.repeat(np.arange(len(sizes)), sizes)
    uid = np.concatenate([np.arange(n) for n in sizes])
    population.add(subject.size, {"subject": subject, "uid": uid, "size": 0.1 * subject + uid})
    return population


def test_rows_are_summed_for_each_patient_whoever_else_is_there():
    sizes = [9, 0, 23, 1, 8]
    together = patients(sizes)
    assert together.first.tolist() == [0, 9, 9, 32, 33, 41]
    found = together.sums(together.size)
    for s, (begin, end) in enumerate(pairwise(together.first)):
        alone = Population("b_cells", [Column("size")])
        alone.add(end - begin, {"size": together.size[begin:end]})
        assert found[s] == alone.sums(alone.size)[0]
        assert found[s] == pytest.approx(together.size[begin:end].sum(), rel=1e-14)


def test_rows_that_join_lie_behind_those_of_their_patient_and_have_the_next_identities():
    population = patients([2, 3])
    rows = join(population, np.array([0, 0, 1]), {"size": np.array([7.0, 8.0, 9.0])})
    assert rows.tolist() == [2, 3, 7]
    assert population.subject.tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    assert population.uid.tolist() == [0, 1, 2, 3, 0, 1, 2, 3]
    assert population.size[rows].tolist() == [7.0, 8.0, 9.0]
    assert population.first.tolist() == [0, 4, 8]


def test_rows_that_join_take_free_ones_of_their_patient_first_and_no_identity_comes_again():
    population = patients([3, 2, 4])
    rows = join(
        population, np.array([0, 0, 2, 2, 2]), {"size": np.arange(10.0, 15.0)}, free=np.array([2, 3, 5, 8])
    )  # the last of the first patient, the first of the second, and two of the third
    assert rows.tolist() == [2, 3, 6, 9, 10]
    assert population.first.tolist() == [0, 4, 6, 11]
    assert population.uid.tolist() == [0, 1, 3, 4, 0, 1, 4, 1, 2, 5, 6]
    assert population.size[rows].tolist() == [10.0, 11.0, 12.0, 13.0, 14.0]
    again = join(population, np.array([0]), {"size": 20.0}, free=np.array([3]))
    assert (again.tolist(), population.uid[3], population.size[3]) == ([3], 5, 20.0)
