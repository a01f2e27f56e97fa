"""The patient model as plain ordinary differential equations, small Euler steps, many patients at once.

Written from the equations alone: classes of CD20 instead of agents, no operator splitting, no exact solutions. What
varies between patients comes in as arrays.
"""

import numpy as np

G158 = {"VV": "rel_vv", "VF": "rel_vf", "FF": "rel_ff"}


def classes(sigma, n=15):
    """Return relative CD20 of equally large classes of a log-normal distribution about median 1."""
    from scipy.special import ndtri

    edges = np.linspace(0.0, 1.0, n * 20 + 1)
    middle = 0.5 * (edges[1:] + edges[:-1])
    return np.exp(sigma * ndtri(middle)).reshape(n, 20).mean(axis=1)


def together(sigma, growth_sigma, n=15):
    """Return relative CD20 and relative growth, of mean 1, of classes that differ in both, or in CD20 alone."""
    rel = classes(sigma, n)
    quick = np.exp(growth_sigma * np.sqrt(12.0) * ((np.arange(25) + 0.5) / 25 - 0.5)) if growth_sigma else np.ones(1)
    quick /= quick.mean()
    return np.repeat(rel, quick.size), np.tile(quick, rel.size)


def net(p, burden):
    """Return the net growth of a burden, per day."""
    with np.errstate(divide="ignore"):
        room = np.where(p["is_gompertz"] > 0.0, np.log(p["capacity"] / burden), 1.0 - burden / p["capacity"])
    return p["g"] * room


def simulate(p, infusions, days, dt_d=0.05, every_d=7.0):
    """Return times (d) and serum IgM (g/L), drug (ug/mL), burden (cells) of shape (looks, patients).

    Parameters
    ----------
    p : dict of str to array or float
        Rates per day, volumes in L; see the code for the names.
    infusions : list of (day, mg_per_m2)
        Each given over 4 h.
    """
    n = np.size(p["cells"])
    p = {k: np.broadcast_to(np.asarray(v, dtype=float), (n,)) for k, v in p.items()}
    rel, quick = together(p["sigma"][0], p["growth_sigma"][0])
    k = rel.size
    share = np.full((n, k), 1.0 / k)
    acc = p["cells"][:, None] * share * (1 - p["niche"][:, None])
    niche = p["cells"][:, None] * share * p["niche"][:, None]
    cd20 = np.tile(rel, (n, 1))
    ageing = np.log(2) / p["plasma_half_life"]
    ageing_long = np.log(2) / p["long_lived_half_life"]
    r = p["is_growing"] * np.maximum(0.0, net(p, p["cells"]))
    so_many = p["per_b_cell"] / (1 + p["long_lived"])
    diff = np.where(so_many > 0.0, so_many * (ageing + r), p["diff"])
    plasma = p["cells"] * diff / (ageing + r)
    long_lived = p["long_lived"] * plasma
    fed_long = np.where(ageing_long > 0.0, (ageing_long + r) * long_lived / p["cells"], 0.0)
    k_igm = np.log(2) / 5.1
    igm = 1e-12 * p["own"] * (p["s_b"] * p["cells"] + p["s_p"] * (plasma + long_lived)) / (k_igm + r)
    all_killed = np.zeros(n)
    il6, eff = np.zeros(n), np.ones(n)
    c1, c2 = np.zeros(n), np.zeros(n)
    looks = []
    steps = round(days / dt_d)
    stride = round(every_d / dt_d)
    for s in range(steps + 1):
        t = s * dt_d
        if s % stride == 0:
            burden = (acc + niche).sum(axis=1)
            looks.append((t, 0.82 * igm / 3.0, c1 / p["v1"], burden, il6.copy(), eff.copy()))
        burden = (acc + niche).sum(axis=1)
        antigen = np.minimum(3.0, ((acc + niche) * cd20).sum(axis=1) / 4.3e11)
        given = [(max(0.0, min(t + dt_d, day + 1 / 6) - max(t, day)), mg) for day, mg in infusions]
        rate = sum(6.0 * mg * overlap / dt_d for overlap, mg in given) * p["bsa"]
        conc = c1 / p["v1"]
        d1 = rate - (p["cl1"] + p["cl2"] * antigen + p["q"]) * conc + p["q"] * c2 / p["v2"]
        d2 = p["q"] * conc - p["q"] * c2 / p["v2"]
        phi = p["kappa"] * conc / (p["kappa"] * conc + p["ec50"])
        lasting = np.exp(-all_killed / p["exhaust"])
        h = (p["kmax"] * eff * lasting * p["potency"] * phi / (1 + burden / p["b_sat"]))[:, None] * np.maximum(
            cd20, 0
        ) ** p["power"][:, None]
        k_out = p["exchange"]
        k_in = k_out * p["niche"] / (1 - p["niche"])
        grow = net(p, burden)[:, None] * quick[None, :]
        kill_a, kill_n = h * acc, h * p["rel_niche"][:, None] * niche
        flow = k_in[:, None] * acc - k_out[:, None] * niche
        coated = phi * (acc * cd20).sum(axis=1) / 4.3e11
        d_il6 = (coated / (coated + p["o50"]) - il6) / p["tau"]
        occupied = conc / (conc + 0.8 * 0.145)
        d_cd20 = -p["loss"][:, None] * cd20 * occupied[:, None] + p["recovery"][:, None] * (rel[None, :] - cd20)
        killed = (kill_a + kill_n).sum(axis=1)
        d_eff = -eff * killed / p["tire"] + (1 - eff) / p["refill"]
        secreted = 1e-12 * p["own"] * (p["s_b"] * burden + p["s_p"] * (plasma + long_lived)) * (1 + p["s_il6"] * il6)
        igm = igm + dt_d * (secreted - k_igm * igm)
        long_lived = long_lived + dt_d * (fed_long * burden - ageing_long * long_lived)
        plasma = plasma + dt_d * (diff * burden - ageing * plasma)
        acc = acc + dt_d * (grow * acc - kill_a - flow)
        niche = niche + dt_d * (grow * niche - kill_n + flow)
        il6, eff, cd20 = il6 + dt_d * d_il6, eff + dt_d * d_eff, cd20 + dt_d * d_cd20
        all_killed = all_killed + dt_d * killed
        c1, c2 = c1 + dt_d * d1, c2 + dt_d * d2
    t, *rest = (np.array(x) for x in zip(*looks, strict=True))
    return t, *rest
