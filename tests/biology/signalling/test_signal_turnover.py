"""Births, deaths and egress under signal: an independent integrator, and small clones by the exact law."""

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.stats import chisquare, nbinom

import abm
from abm.biology.patient.balance import balance
from abm.biology.signalling.bcr_signalling import BcrSignalling
from abm.biology.signalling.signal_turnover import SignalTurnover, turn_over
from abm.biology.signalling.subclone_split import SubcloneSplit
from abm.core.jit import kernel, prange
from abm.core.rng import negative_binomial_at, uniform
from abm.scenario.build import Subject, build
from abm.scenario.draws import patient_of
from abm.scenario.from_file import load_scenario

KEY = (np.uint64(5), np.uint32(3))
DAY = 24.0


def patient(*sets, days):
    """Return a patient of few agents; all patients are typical."""
    own = ("cohort=null", "replicates=1", "populations.b_cells.cells_per_agent=1e10", f"duration={days} d")
    looks = (
        "end_points.follow_up_spread=0 h",
        "probes.patient={every: 20 d}" if days > 20 else "probes.patient.every=1 d",
    )
    return build(load_scenario("configs/scenarios/chiodin2022.yaml", (*own, *looks, *sets)), Subject("ibrutinib", 0))


@kernel
def draw_many(out, n, p, key):
    for i in prange(out.size):
        out[i] = negative_binomial_at(n, p, uniform(key, np.uint64(i), 1))


@pytest.mark.parametrize(("n", "p"), [(3, 0.4), (50, 0.05), (100, 0.004), (40, 0.8)])
def test_the_negative_binomial_is_one(n, p):
    out = np.empty(20_000, np.int64)
    draw_many(out, n, p, KEY)
    law = nbinom(n, 1.0 - p)
    edges = np.unique(law.ppf(np.linspace(0.05, 0.95, 15)).astype(int))
    counts = np.histogram(out, np.concatenate([[-1], edges, [10**9]]) + 0.5)[0]
    shares = np.diff(np.concatenate([[0.0], law.cdf(edges), [1.0]]))
    assert chisquare(counts, shares * out.size).pvalue > 1e-4


def step(blood, tissue, most, x, rates, dt_h, key=KEY, n_steps=1):
    """Turn over for some steps at once, each row a patient of its own; return the born and the dead of each."""
    n, born, died = blood.size, np.empty(blood.size), np.empty(blood.size)
    of_clone = np.full(n, x), np.ones(n), np.arange(n, dtype=np.uint64), np.arange(n + 1)
    laws = np.tile([*rates, 1.0, 1.0, dt_h, n_steps], (n, 1))
    turn_over(blood, tissue, most, np.empty(n), born, died, *of_clone, laws, (np.full(n, key[0]), key[1]))
    return born, died


def families(n_cells, birth, death, dt_h, n=20_000, n_steps=1):
    """Return how many cells of each of many small clones are there after some steps."""
    blood, tissue = np.zeros(n), np.full(n, float(n_cells))
    rates = birth, birth, death, death, death, death, 0.0, 0.0, 0.0
    born, died = step(blood, tissue, np.zeros(n), 1.0, rates, dt_h, n_steps=n_steps)
    assert (tissue == np.floor(tissue)).all()
    assert (born - died == tissue + blood - n_cells).all()
    return tissue


@pytest.mark.parametrize("n_steps", [1, 7])
@pytest.mark.parametrize("n_cells", [4, 90, 800])  # the first exact, the last normal
@pytest.mark.parametrize(("birth", "death"), [(0.03, 0.01), (0.01, 0.03), (0.02, 0.02)])
def test_small_clones_follow_the_linear_birth_and_death_process(birth, death, n_cells, n_steps):
    """Mean, variance and probability of extinction at one moment have closed forms (Kendall 1948)."""
    t = 50.0
    found = families(n_cells, birth, death, t, n_steps=n_steps)
    net = birth - death
    grown = math.exp(net * t)
    mean = n_cells * grown
    spread = n_cells * (grown * (grown - 1) * (birth + death) / net if net else 2 * birth * t)
    gone = death * (grown - 1) / (birth * grown - death) if net else birth * t / (1 + birth * t)
    error = math.sqrt(spread / found.size)
    assert found.mean() == pytest.approx(mean, abs=4 * error)
    assert found.var() == pytest.approx(spread, rel=0.08)
    assert (found == 0).mean() == pytest.approx(gone**n_cells, abs=4 * math.sqrt(0.25 / found.size))


def test_where_the_law_becomes_normal_it_is_off_by_less_than_1_percent():
    """The share below each of some sizes, 101 cells by a normal number against 101 by two exact counts."""
    n_cells, birth, death, t = 101, 0.0006, 0.0012, 336.0  # a variance of 45
    found = families(n_cells, birth, death, t, n=200_000)
    grown = math.exp((birth - death) * t)
    q = (grown - 1) / (birth * grown - death)
    rng = np.random.default_rng(1)
    left = rng.binomial(n_cells, 1.0 - death * q, found.size)
    exact = left + rng.negative_binomial(left, 1.0 - birth * q)
    chance = 4 * 0.5 / math.sqrt(found.size)
    for size in range(50, 130, 5):
        assert (found <= size).mean() == pytest.approx((exact <= size).mean(), abs=0.01 + chance)


def test_steps_of_any_length_give_one_law():
    whole = families(6, 0.02, 0.015, 48.0)
    parts, rates = np.full(20_000, 6.0), (0.02, 0.02, 0.015, 0.015, 0.015, 0.015, 0.0, 0.0, 0.0)
    for part in range(4):
        step(np.zeros(parts.size), parts, np.zeros(parts.size), 1.0, rates, 12.0, (np.uint64(9), np.uint32(part)))
    assert parts.mean() == pytest.approx(whole.mean(), rel=0.03)
    assert parts.var() == pytest.approx(whole.var(), rel=0.1)
    assert (parts == 0).mean() == pytest.approx((whole == 0).mean(), abs=0.02)


def test_many_steps_at_once_are_as_one_after_the_other():
    rates = 0.0002, 0.002, 0.01, 0.001, 0.007, 0.002, 0.004, 0.0001, 0.05
    own = [np.array([1e9, 3e11, 0.0]), np.array([1e12, 2e5, 5e11]), np.zeros(3)]
    once, singly = ([column.copy() for column in own] for _ in range(2))
    born, died = step(*once, 0.4, rates, 28 * 12.0, n_steps=28)
    each = [step(*singly, 0.4, rates, 12.0) for _ in range(28)]
    for found, expected in zip(once, singly, strict=True):
        assert found == pytest.approx(expected, rel=2e-4)
    assert born == pytest.approx(sum(one[0] for one in each), rel=0.01)
    assert born - died == pytest.approx(sum(a + b for a, b in (once[:2],)) - own[0] - own[1], rel=1e-9)


FOLDS = ("processes.turnover.later_line_fold=1.5", "processes.turnover.tp53_lost_fold=2")
LATER, LOST = "covariates.line=later", "covariates.tp53=lost"


@pytest.mark.parametrize(
    ("who", "fold"), [((), 1.0), ((*FOLDS, LOST), 1.0), ((*FOLDS, LATER), 1.5), ((*FOLDS, LATER, LOST), 3.0)]
)
def test_large_clones_agree_with_an_independent_integrator(who, fold):
    simulation = patient(
        *who,
        "populations.b_cells.cells_per_agent=1e11",
        "populations.b_cells.c481s_cells=0",
        "populations.b_cells.persisting_frac=0",
        "processes.ibrutinib.resynthesis=1e-6 /d",  # so that the signal is the same all day
        "processes.signalling.sigma=0",
        "processes.signalling.gain_in_blood=0",
        "processes.turnover.release_frac=0",
        "processes.split=null",
        "dt=6 h",
        days=400,
    )
    simulation.run()
    rows = [simulation.records["patient"][step] for step in sorted(simulation.records["patient"])]
    t_d = np.array([row["time_h"] for row in rows]) / DAY
    x = 0.95 / 2.1
    assert rows[-1]["signal_rel"] == pytest.approx(x, rel=2e-3)

    def flow(t, y):
        tissue, blood = y
        room = max(0.0, 1.0 + 1.8 * (1.0 - tissue / 3e12))
        birth = fold * (0.0005 + 0.0034 * x) * room
        leave = 0.0082 * (1 - x) + 0.0003 * x
        return [
            (birth - 0.027 * (1 - x) - 0.003 * x - leave) * tissue,
            leave * tissue - (0.017 * (1 - x) + 0.003 * x) * blood,
        ]

    ode = solve_ivp(flow, (0, 400), [3e12, 3e11], t_eval=t_d, rtol=1e-8, max_step=1.0).y
    late = t_d > 1
    assert np.array([row["n_tissue"] for row in rows])[late] == pytest.approx(ode[0][late], rel=0.02)
    blood = np.array([row["n_clone"] - row["n_tissue"] for row in rows])
    assert blood[late] == pytest.approx(ode[1][late], rel=0.02)
    assert balance(simulation.world)["clone_rel_error"] < 1e-12


def test_mutated_cells_grow_on_drug_as_fast_as_their_turnover():
    """Mutated cells, all in tissue, grow by births, in a room that is always 1, less deaths and egress."""
    own = ("populations.b_cells.c481s_cells=1e9", "populations.b_cells.c481s_fold=3", "processes.turnover.room=1")
    world = patient(*own, days=40)
    world.run()
    b = world.world.populations["b_cells"]
    tissue = b.niche_cells[b.c481s > 0].sum()
    assert tissue == pytest.approx(1e9 * math.exp(40 * 3 * (0.0039 - 0.003 - 0.0003)), rel=1e-3)


def test_patients_of_either_line_side_by_side_are_as_alone():
    who = "cohort={vary: {covariates.line: {shares: {first: 0.5, later: 0.5}}}}"
    sets = (who, "replicates=6", "populations.b_cells.cells_per_agent=1e11", "duration=300 d", *FOLDS)
    scenario = load_scenario("configs/scenarios/chiodin2022.yaml", (*sets, "end_points.follow_up_spread=0 h"))
    together = abm.simulate(scenario).series
    for replicate in range(6):
        alone = build(scenario, Subject("ibrutinib", replicate))
        alone.run()
        rows = [alone.records["patient"][step] for step in sorted(alone.records["patient"])]
        own = together.loc[together["replicate"] == replicate, "n_clone"].to_numpy()
        assert (own == [row["n_clone"] for row in rows]).all()
    assert {patient_of(scenario, replicate).covariates.line for replicate in range(6)} == {"first", "later"}


def test_what_full_inhibition_frees_is_freed_once():
    blood, tissue, most = np.zeros(1), np.full(1, 1e12), np.zeros(1)
    for x in (0.4, 0.4, 1.0, 0.4, 0.2):
        step(blood, tissue, most, x, (0, 0, 0, 0, 0, 0, 0, 0, 0.05), 12.0)
    assert tissue[0] == pytest.approx(1e12 * (1 - 0.05 * 0.6) * (1 - 0.05 * 0.2), rel=1e-12)
    assert blood[0] + tissue[0] == pytest.approx(1e12, rel=1e-12)


def test_small_clones_of_patients_side_by_side_are_as_alone():
    rng, sizes = np.random.default_rng(4), (30, 1, 0, 12)
    n, first = sum(sizes), np.concatenate([[0], np.cumsum(sizes)])
    cells = [rng.uniform(0.0, 100.0, n), rng.uniform(0.0, 300.0, n), np.zeros(n), np.zeros(n)]
    uid = np.concatenate([np.arange(size, dtype=np.uint64) for size in sizes])
    own, laws = [np.full(n, 0.3), np.ones(n), uid], rng.uniform(0.001, 0.01, (4, 13))
    laws[:, 9:11], laws[:, 11], laws[:, 12] = (1.5, 1000.0), (4.0, 12.0, 4.0, 4.0), (1, 3, 1, 0)

    def turned(begin, end):
        rows, counts = slice(first[begin], first[end]), (np.empty(end - begin), np.empty(end - begin))
        left, key = [column[rows].copy() for column in cells], (np.arange(begin, end, dtype=np.uint64), KEY[1])
        begins = first[begin : end + 1] - first[begin]
        turn_over(*left, *counts, *(column[rows] for column in own), begins, laws[begin:end], key)
        return [*left, *counts]

    together, alone = turned(0, 4), [turned(s, s + 1) for s in range(4)]
    for found, parts in zip(together, zip(*alone, strict=True), strict=True):
        assert (found == np.concatenate(parts)).all()
    is_same = together[1] == cells[1]
    assert not is_same[: first[3]].any()
    assert is_same[first[3] :].all()  # whose clone stands still


def test_lymphocytes_rise_early_and_fall_below_the_start_within_months():
    simulation = patient("probes.patient={every: 7 d}", days=400)
    simulation.run()
    rows = [simulation.records["patient"][step] for step in sorted(simulation.records["patient"])]
    count, tissue = (np.array([row[name] for row in rows]) for name in ("lymphocytes_per_nL", "n_tissue"))
    peak = int(count.argmax())
    assert 14 <= 7 * peak <= 90
    assert count.max() > 1.5 * count[0]
    assert (np.diff(tissue) < 0).all()
    assert count[-1] < count[0]


def test_agents_split_and_no_cell_is_lost_or_made():
    simulation = patient("arms={ibrutinib: {}}", "processes.turnover=null", days=10)
    b = simulation.world.populations["b_cells"]
    simulation.step()
    assert b.n == 331  # nobody splits who has not grown
    b.accessible_cells[:100] *= 3.0
    b.niche_cells[:100] *= 3.0
    n, total = b.n, float((b.accessible_cells + b.niche_cells).sum())
    scores = np.sort(b.igm_score)
    simulation.run()
    assert b.n > n
    assert float((b.accessible_cells + b.niche_cells).sum()) == pytest.approx(total, rel=1e-12)
    assert (b.accessible_cells + b.niche_cells < b.splits_at_cells).all()
    assert b.uid.size == np.unique(b.uid).size
    assert np.abs(np.interp(np.arange(b.n), np.linspace(0, b.n, n), scores) - np.sort(b.igm_score)).max() > 0.0
    new = b.surface_igm_start[n:]
    assert new == pytest.approx(np.exp(0.58 * b.igm_score[n:]), rel=1e-12)


def test_who_waits_ends_where_who_acts_at_every_step_does(monkeypatch):
    """All levels of a patient whose doses are often missed, within 1 in 1000 of the start; chance apart."""
    own = ("populations.b_cells.c481s_cells=0", "arms.ibrutinib.add.0.missed=30 %", "probes.patient={every: 28 d}")

    def levels(longest_h):
        for kind in (SignalTurnover, BcrSignalling, SubcloneSplit):
            monkeypatch.setattr(kind, "may_wait_h", longest_h)
        simulation = patient(*own, days=700)
        simulation.run()
        rows = simulation.records["patient"]
        names = "n_clone", "lymphocytes_per_nL", "surface_igm_MFI", "signal_rel", "btk_free"
        return np.array([[rows[step][name] for name in names] for step in sorted(rows)])

    waiting, always = levels(336.0), levels(0.0)
    assert np.abs(waiting / always - 1.0).max() < 2e-3
    assert np.abs((waiting - always)[:, :2] / always[0, :2]).max() < 5e-4
