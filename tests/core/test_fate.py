"""Births and deaths against their exact laws. Statistical bounds are 4.5 standard errors or p = 1e-5, seeds fixed."""

import math

import numpy as np
import pytest
from scipy import stats

from abm.core.fate import MORTAL, Fate
from abm.core.population import Population
from abm.core.space import Mixed
from abm.core.table import Column
from abm.core.world import World

P_MIN = 1e-5
SIGMAS = 4.5
FAMILY = Column("family", "i8")
CONTENT = Column("content", default=1.0, splits=True)


class Bench:
    """A world of one population with constant rates, moved by Fate alone."""

    def __init__(self, n=0, hazards=None, division_per_h=0.0, columns=(), seed=1):
        hazards = {f"hazard_{cause}_per_h": rate for cause, rate in (hazards or {}).items()}
        self.world = World(Mixed(), 1.0, seed=seed, replicate=0)
        own = [*MORTAL, *columns, *(Column(name, resets=True) for name in hazards)]
        self.b = self.world.populations["b_cells"] = Population("b_cells", own)
        for name, rate in {**hazards, "division_per_h": division_per_h}.items():
            self.b.set_default(name, rate)
        self.fate = Fate()
        self.fate.prepare(self.world)
        self.world.populate("b_cells", n, cohort=0)

    def run(self, hours, dt_h, before=lambda world: None):
        for _ in range(round(hours / dt_h)):
            self.step(dt_h, before)
        return self

    def step(self, dt_h, before=lambda world: None):
        world, world.dt_h = self.world, dt_h
        for population in world.populations.values():
            population.reset()
        before(world)
        self.fate.step(world, world.key("fate"))
        world.step += 1
        world.t_h += dt_h

    @property
    def deaths(self):
        return self.world.deaths["b_cells"]

    def tally(self, name):
        return self.world.tallies.get(f"b_cells.{name}", 0)


def near(count, n, p):
    return abs(count - n * p) <= SIGMAS * math.sqrt(n * p * (1 - p))


@pytest.mark.parametrize("dt_h", [5.0, 1.0, 0.1])
def test_survival_is_exponential_whatever_the_step(dt_h):
    bench = Bench(20_000, {"a": 0.1}).run(5.0, dt_h)
    assert near(bench.b.n, 20_000, math.exp(-0.5))
    moments = stats.truncexpon(b=0.5, scale=10.0)
    assert stats.kstest(bench.deaths.time_h, moments.cdf).pvalue > P_MIN


@pytest.mark.parametrize("dt_h", [4.0, 0.1])
def test_competing_causes_share_deaths_by_their_hazards(dt_h):
    bench = Bench(20_000, {"a": 0.3, "b": 0.1, "c": 0.0, "d": 0.02}).run(4.0, dt_h)
    counts = np.bincount(bench.deaths.cause, minlength=4)
    assert counts[2] == 0
    assert near(counts.sum(), 20_000, -math.expm1(-0.42 * 4))
    assert stats.chisquare(counts[[0, 1, 3]], counts.sum() * np.array([30, 10, 2]) / 42).pvalue > P_MIN
    first, second = (bench.deaths.time_h[bench.deaths.cause == cause] for cause in (0, 1))
    assert stats.ks_2samp(first, second).pvalue > P_MIN


def family_law(birth, death, t_h):
    """Return P(no one left) and the ratio of the geometric law of the others (Kendall's solution)."""
    if birth == death:
        return birth * t_h / (1 + birth * t_h), birth * t_h / (1 + birth * t_h)
    growth = math.exp((birth - death) * t_h)
    return death * (growth - 1) / (birth * growth - death), birth * (growth - 1) / (birth * growth - death)


@pytest.mark.parametrize("dt_h", [10.0, 1.0, 0.1])
@pytest.mark.parametrize(("birth", "death"), [(0.1, 0.1), (0.1, 0.02), (0.05, 0.1), (0.1, 0.0)])
def test_families_of_a_linear_birth_death_process_follow_its_exact_law(birth, death, dt_h):
    n, t_h = 10_000, 10.0
    bench = Bench(n, {"a": death}, birth, columns=[FAMILY], seed=3)
    bench.b.family[:] = np.arange(n)
    bench.run(t_h, dt_h)
    sizes = np.bincount(bench.b.family, minlength=n)
    extinct, ratio = family_law(birth, death, t_h)
    mean = (1 - extinct) / (1 - ratio)
    variance = (1 - extinct) * (1 + ratio) / (1 - ratio) ** 2 - mean**2
    assert mean == pytest.approx(math.exp((birth - death) * t_h))
    assert sizes.mean() == pytest.approx(mean, abs=SIGMAS * math.sqrt(variance / n))
    fourth = ((sizes - mean) ** 4).mean()
    assert sizes.var() == pytest.approx(variance, abs=SIGMAS * math.sqrt((fourth - variance**2) / n))
    assert near((sizes == 0).sum(), n, extinct)
    law = n * np.array([extinct, *((1 - extinct) * (1 - ratio) * ratio ** np.arange(6)), (1 - extinct) * ratio**6])
    counts = np.bincount(np.minimum(sizes, 7), minlength=8)
    assert stats.chisquare(counts[law > 0], law[law > 0]).pvalue > P_MIN


@pytest.mark.parametrize("dt_h", [1.0, 0.1])
def test_every_cell_is_accounted_for_and_every_death_has_one_cause(dt_h):
    def check(world):
        b = world.populations["b_cells"]
        assert bench.tally("entered") + bench.tally("born") == b.n + bench.tally("lysed")
        assert bench.deaths.n == bench.tally("lysed") + b.is_dying.sum()
        assert bench.deaths.n == bench.tally("deaths_a") + bench.tally("deaths_b")
        assert np.unique(b.uid).size == b.n
        assert np.unique(bench.deaths.uid).size == bench.deaths.n
        assert not np.isin(b.uid[~b.is_dying], bench.deaths.uid).any()

    bench = Bench(500, {"a": 0.2, "b": 0.1}, 0.4)
    bench.world.lags_h["a"] = 1.3
    bench.run(6.0, dt_h, check)
    check(bench.world)
    assert min(bench.tally(name) for name in ("born", "lysed", "deaths_a", "deaths_b")) > 100


def test_a_dying_cell_stays_until_its_lag_is_over_and_neither_divides_nor_dies_again():
    bench = Bench(2000, {"a": 0.5}, 0.5)
    bench.world.lags_h["a"] = 3.0
    bench.step(1.0)
    dying = set(bench.b.uid[bench.b.is_dying].tolist())
    assert dying == set(bench.deaths.uid.tolist())
    assert bench.deaths.t_lysis_h == pytest.approx(bench.deaths.time_h + 3.0)
    assert bench.tally("lysed") == 0
    divisions = dict(zip(bench.b.uid.tolist(), bench.b.n_divisions.tolist(), strict=True))
    bench.step(1.0)
    bench.step(1.0)
    assert dying <= set(bench.b.uid.tolist())
    assert all(divisions[u] == d for u, d in zip(bench.b.uid, bench.b.n_divisions, strict=True) if u in dying)
    bench.step(1.0)
    assert not dying & set(bench.b.uid.tolist())


@pytest.mark.parametrize(("mark_h", "rate_per_h"), [(0.3, 2.0), (0.05, 0.1), (0.9, 5.0)])
def test_of_a_mark_and_a_hazard_the_earlier_wins(mark_h, rate_per_h):
    n = 10_000
    bench = Bench(n, {"a": rate_per_h}, columns=[Column("mark_b_h", default=math.inf, resets=True)])
    bench.step(1.0, lambda world: world.populations["b_cells"].mark_b_h.fill(mark_h))
    by_mark = bench.deaths.cause == 1
    assert bench.deaths.n == n
    assert near(by_mark.sum(), n, math.exp(-rate_per_h * mark_h))
    assert (bench.deaths.time_h[by_mark] == mark_h).all()
    assert (bench.deaths.time_h[~by_mark] < mark_h).all()
    assert bench.tally("deaths_b") == by_mark.sum()


def test_a_kill_is_credited_to_the_killer_and_its_identity_kept():
    killer = Column("mark_b_by", "i8", default=-1, resets=True, refers="nk_cells")
    bench = Bench(6, columns=[Column("mark_b_h", default=math.inf, resets=True), killer])
    nk = bench.world.populations["nk_cells"] = Population("nk_cells", [Column("n_kills", "i8")])
    nk.add(4, {"uid": np.array([40, 41, 42, 43], np.uint64)})

    def attack(world):
        bench.b.mark_b_h[:4], bench.b.mark_b_by[:4] = 0.5, [2, 2, 0, 3]

    bench.step(1.0, attack)
    assert nk.n_kills.tolist() == [1, 0, 2, 1]
    assert bench.deaths.killer_uid.tolist() == [42, 42, 40, 43]
    assert bench.b.uid.tolist() == [4, 5]
    assert "nk_cells" not in bench.world.deaths


def test_of_three_causes_the_earliest_wins_and_each_killer_counts_among_its_own():
    kinds = {"b": "nk_cells", "c": "macrophages", "d": "nk_cells"}
    columns = [Column(f"mark_{cause}_h", default=math.inf, resets=True) for cause in kinds]
    columns += [Column(f"mark_{c}_by", "i8", default=-1, resets=True, refers=kind) for c, kind in kinds.items()]
    bench = Bench(3, columns=columns)
    for name in ("nk_cells", "macrophages"):
        bench.world.populations[name] = Population(name, [])
        bench.world.populations[name].add(2, {"uid": np.array([len(name), 90], np.uint64)})
    Fate().prepare(bench.world)

    def attack(world):
        b = bench.b
        b.mark_b_h[:], b.mark_c_h[:], b.mark_d_h[:] = [0.2, 0.5, 0.9], [0.3, 0.4, 0.8], [0.4, 0.6, 0.1]
        b.mark_b_by[:], b.mark_c_by[:], b.mark_d_by[:] = 0, 0, 1

    bench.step(1.0, attack)
    assert [Fate().causes(bench.b)[code] for code in bench.deaths.cause] == ["b", "c", "d"]
    assert bench.deaths.killer_uid.tolist() == [8, 11, 90]
    assert bench.world.populations["nk_cells"].n_kills.tolist() == [1, 1]
    assert bench.world.populations["macrophages"].n_kills.tolist() == [1, 0]


def test_daughters_share_contents_in_halves_and_inherit_the_rest():
    bench = Bench(200, {}, 0.8, columns=[FAMILY, CONTENT])
    bench.b.family[:] = np.arange(200)
    bench.run(4.0, 1.0)
    assert bench.b.n > 2000
    assert (np.bincount(bench.b.family, bench.b.content, minlength=200) == 1.0).all()
    assert (np.log2(bench.b.content) % 1 == 0).all()
    assert bench.b.n_divisions.sum() == bench.tally("born") == bench.b.n - 200


def test_what_a_cell_holds_spills_when_it_lyses_not_when_it_commits():
    bench = Bench(3, columns=[Column("mark_b_h", default=math.inf, resets=True), Column("drug", spills="drug_lysed")])
    bench.world.lags_h["b"] = 1.0
    bench.b.drug[:] = [1.0, 20.0, 300.0]
    bench.step(1.0, lambda world: bench.b.mark_b_h.__setitem__(slice(2), [0.5, 0.25]))
    assert bench.world.pools["drug_lysed"] == 0.0
    bench.step(1.0)
    assert bench.world.pools["drug_lysed"] == 21.0
    assert bench.b.drug.tolist() == [300.0]


@pytest.mark.parametrize("dt_h", [1.0, 0.1])
def test_arrivals_and_deaths_reach_their_poisson_law(dt_h):
    """Arrivals are dealt out to 2000 wells; the number alive in a well is Poisson."""
    rng, wells, rate_per_h, death_per_h, t_h = np.random.default_rng(4), 2000, 4000.0, 0.5, 4.0

    def arrive(world):
        world.arrive("b_cells", rng.uniform(0, dt_h, rng.poisson(rate_per_h * dt_h)), 0)

    bench = Bench(0, {"a": death_per_h}).run(t_h, dt_h, arrive)
    law = stats.poisson(rate_per_h / wells / death_per_h * -math.expm1(-death_per_h * t_h))
    well = rng.integers(wells, size=bench.b.next_uid)[bench.b.uid.astype(np.int64)]
    alive = np.bincount(np.bincount(well, minlength=wells), minlength=9)
    expected = wells * np.array([*law.pmf(range(8)), law.sf(7)])
    assert near(bench.b.n, 10**9, wells * law.mean() / 10**9)
    assert stats.chisquare([*alive[:8], alive[8:].sum()], expected).pvalue > P_MIN


def test_newcomers_meet_the_hazards_from_their_own_moment():
    n = 10_000
    bench = Bench(0, {"a": 1.0})
    bench.step(1.0, lambda world: world.arrive("b_cells", np.full(n, 0.6), 0))
    assert near(bench.b.n, n, math.exp(-0.4))
    assert (bench.deaths.time_h >= 0.6).all()


def test_the_fate_of_a_cell_does_not_depend_on_the_others():
    alone, among = Bench(50, {"a": 0.3}), Bench(500, {"a": 0.3})
    among.world.reorder("b_cells", np.random.default_rng(1).permutation(500))
    for bench in (alone, among):
        bench.run(3.0, 1.0)
    fates = [dict(zip(b.deaths.uid.tolist(), b.deaths.time_h.tolist(), strict=True)) for b in (alone, among)]
    assert {uid: t for uid, t in fates[1].items() if uid < 50} == fates[0]
    assert len(fates[0]) > 20


def test_another_cause_that_never_strikes_changes_nobodys_luck():
    one, two = Bench(500, {"b": 0.3}), Bench(500, {"a": 0.0, "b": 0.3})
    for bench in (one, two):
        bench.run(3.0, 1.0)
    assert one.deaths.time_h.tolist() == two.deaths.time_h.tolist()


def test_the_deaths_table_keeps_what_columns_ask_to_be_recorded():
    bench = Bench(5, {"a": 50.0}, columns=[Column("cd20", default=7.0, recorded="cd20")])
    bench.b.x_um[:] = np.arange(5)
    bench.step(1.0)
    assert bench.deaths.cd20.tolist() == [7.0] * 5
    assert sorted(bench.deaths.x_um.tolist()) == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert (bench.deaths.x_um == bench.deaths.uid).all()
    assert (bench.deaths.killer_uid == -1).all()


def test_an_empty_well_has_no_fate():
    bench = Bench(0, {"a": 1.0}, 1.0).run(3.0, 1.0)
    assert (bench.b.n, bench.deaths.n) == (0, 0)
