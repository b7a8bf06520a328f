"""Origins and destinations from observed chains, on chains of an invented town whose true trips are known.

The figures that the tests bound are printed: ``pytest -s tests/unit/test_models_od.py``.
"""

import time
from collections import Counter

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from models import od, od_error
from models.chains import MOST_MISSED, Chains, embeddings

Z95 = 1.96


def _fit(trips, *, q, down=()):
    """Fit trips given as {(stratum, chain): number} with q by site; ``down``: sites that are down by stratum."""
    sites = sorted(q)
    chains = sorted({chain for _, chain in trips})
    strata = max(stratum for stratum, _ in trips) + 1
    counts = np.zeros((len(chains), strata))
    for (stratum, chain), n in trips.items():
        counts[chains.index(chain), stratum] += n
    each = np.tile([q[site] for site in sites], (strata, 1))
    for stratum, site in down:
        each[stratum, sites.index(site)] = 0.0
    return od.fit(chains, counts=sp.csc_matrix(counts), q=each, sites=sites), sites, chains


def _by_cell(fitted, sites, *, stratum=None):
    made = od.weights(fitted, place=np.arange(len(sites)))
    found = Counter()
    for row in made.chain.itertuples():
        if stratum in (None, row.stratum):
            found[sites[row.origin], sites[row.destination]] += row.weight * fitted.counts[row.chain, row.stratum]
    for row in made.stratum.itertuples():
        if stratum in (None, row.stratum):
            found[sites[row.origin], sites[row.destination]] += row.weight * fitted.counts[:, row.stratum].sum()
    return found


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from("ABC"), min_size=1, max_size=6).map(tuple), min_size=1, max_size=12, unique=True),
    st.randoms(use_true_random=False),
)
def test_embeddings_are_those_of_counting_them_all(chains, random):
    random.shuffle(chains)

    def ways(short, long):
        if not short:
            return 1
        return sum(ways(short[1:], long[n + 1 :]) for n, site in enumerate(long) if site == short[0])

    wanted = [[ways(o, c) if len(c) - len(o) <= MOST_MISSED else 0 for c in chains] for o in chains]
    made = embeddings(Chains.of(chains, number={"A": 0, "B": 70, "C": 2} | {f"unused {n}": n for n in range(71)}))
    assert made.toarray().tolist() == wanted


def test_a_single_chain_is_expanded_by_the_chance_to_see_any_of_it():
    fitted, sites, _ = _fit({(0, ("A",)): 80}, q={"A": 0.8})
    assert _by_cell(fitted, sites)["A", "A"] == pytest.approx(100)


def test_a_chain_that_passes_a_site_twice_is_seen_in_more_ways():
    # A-B-A alone, q .5: expected of 80 true trips are 10 each of ABA, AA, B, 20 each of AB.., and so on
    seen = {"ABA": 10, "AA": 10, "B": 10, "AB": 10, "BA": 10, "A": 20}
    fitted, sites, _ = _fit({(0, tuple(chain)): n for chain, n in seen.items()}, q={"A": 0.5, "B": 0.5})
    found = _by_cell(fitted, sites)
    assert found["A", "A"] == pytest.approx(80, rel=0.03)


def test_expected_counts_lead_back_to_the_trips_behind_them():
    true = {("A", "B", "C"): 500.0, ("B", "C"): 300.0, ("A", "B"): 200.0, ("C",): 400.0}
    q = {"A": 0.7, "B": 0.8, "C": 0.9}
    seen = Counter()
    for chain, n in true.items():
        for kept in range(1, 2 ** len(chain)):
            mask = [kept >> k & 1 for k in range(len(chain))]
            chance = np.prod([q[s] if m else 1 - q[s] for s, m in zip(chain, mask, strict=True)])
            seen[0, tuple(s for s, m in zip(chain, mask, strict=True) if m)] += n * chance
    found = _by_cell(*_fit(seen, q=q)[:2])
    assert found["A", "C"] == pytest.approx(500, rel=0.02)
    assert found["B", "C"] == pytest.approx(300, rel=0.03)
    assert found["A", "B"] == pytest.approx(200, rel=0.03)
    assert found["C", "C"] == pytest.approx(400, rel=0.02)


def test_a_site_that_is_down_does_not_move_trips_to_the_next_one():
    usual = {(0, ("A", "B")): 400, (0, ("B",)): 100}
    q = {"A": 0.95, "B": 0.95}
    fitted, sites, _ = _fit(usual | {(1, ("B",)): 100}, q=q, down=[(1, "A")])
    found = _by_cell(fitted, sites, stratum=1)
    # in other hours 421 drove A-B (400 seen whole, 21 at B alone) and 83 only B
    assert found["A", "B"] / (found["A", "B"] + found["B", "B"]) == pytest.approx(421 / 504, abs=0.01)
    # without knowing of the outage they would all begin at B
    blind, _, _ = _fit(usual | {(1, ("B",)): 100}, q=q)
    assert _by_cell(blind, sites, stratum=1)["A", "B"] < 40


def test_the_derivative_by_q_is_that_of_a_second_fit(monkeypatch):
    monkeypatch.setattr(od, "MIX_TOLERANCE", 1e-10)
    trips = {(0, ("A", "B", "C")): 5000, (0, ("B", "C")): 2500, (0, ("A", "B")): 2500, (0, ("C",)): 3000, (0, ("A", "C")): 1500}
    q = {"A": 0.85, "B": 0.9, "C": 0.8}
    fitted, sites, _ = _fit(trips, q=q)
    slope = od_error.derivative(fitted, q=np.array([q[s] for s in sites]))
    step = 0.002
    for n, site in enumerate(sites):
        up, down = (_fit(trips, q=q | {site: q[site] + sign * step})[0].trips[:, 0] for sign in (1, -1))
        assert slope[:, n] == pytest.approx((np.log(up) - np.log(down)) / (2 * step), rel=0.05, abs=0.05)


def _town(rng, *, sites, trips):
    """Chains of trips through a town: starts and ends by popularity, each on one of three routes; and the hour of each."""
    popular = rng.gamma(0.6, size=sites)
    popular /= popular.sum()
    start, end = (rng.choice(sites, trips, p=popular) for _ in range(2))
    way = rng.choice(3, trips, p=[0.7, 0.2, 0.1])
    routes = {}
    for pair in np.unique(np.column_stack([start, end, way]), axis=0).tolist():
        inner = rng.choice(sites, rng.integers(0, 5), replace=False)
        inner = [site for site in inner if site not in pair[:2]]
        routes[tuple(pair)] = [pair[0], *inner, *([pair[1]] if pair[1] != pair[0] else [])]
    hour = np.where(rng.random(trips) < 0.3 + 0.4 * (end / sites), rng.choice([7, 8], trips), rng.choice(range(6, 22), trips))
    return [routes[key] for key in zip(start.tolist(), end.tolist(), way.tolist(), strict=True)], hour


def _seen(rng, chains, q):
    kept = [[s for s in chain if rng.random() < q[s]] for chain in chains]
    return [tuple(f"s{s:02}" for s in chain) for chain in kept]


def _summed(table, columns):
    rows = table.groupby(columns)[["weight", "spread", "relative_variance"]]
    return rows.agg({"weight": "sum", "spread": "sum", "relative_variance": "first"})


def _compared(rng, *, sites, trips, model_error):
    """Cells of an hour and of the day: estimate, standard error and truth, q being off by its own error."""
    true_q = np.clip(rng.normal(0.89, 0.04, sites), 0.6, 0.98)
    q_se = np.full(sites, 0.01)
    chains, hour = _town(rng, sites=sites, trips=trips)
    seen = _seen(rng, chains, true_q)
    rows = pd.DataFrame({"site_ids": seen, "hour": hour})[[bool(s) for s in seen]]
    number, distinct = pd.factorize(rows.site_ids)
    names = [f"s{n:02}" for n in range(sites)]
    counts = sp.csc_matrix((np.ones(len(rows)), (number, np.zeros(len(rows), int))), shape=(len(distinct), 1))
    q = np.clip(true_q + rng.normal(0, q_se), 0.3, 0.99)
    began = time.perf_counter()
    fitted = od.fit(list(distinct), counts=counts, q=q[None], sites=names)
    made = od.weights(fitted, place=np.arange(sites))
    slope = od_error.derivative(fitted, q=od_error.usual_q(fitted))
    common = od_error.common_error(fitted, slope=slope, q_se=q_se, spread=made.chain, place=np.arange(sites))
    took = time.perf_counter() - began
    ends = ["origin", "destination"]
    by_hour = rows.assign(chain=number).groupby(["chain", "hour"]).size().rename("n").reset_index()
    joined = by_hour.merge(made.chain, on="chain").merge(common, on=ends)
    joined[["weight", "spread"]] = joined[["weight", "spread"]].mul(joined.n, axis=0)
    truth = pd.DataFrame({"origin": [c[0] for c in chains], "destination": [c[-1] for c in chains], "hour": hour})
    naive = pd.DataFrame({"origin": [int(s[0][1:]) for s in seen if s], "destination": [int(s[-1][1:]) for s in seen if s]})
    made_of = {}
    for name, keys, extra in (("day", ends, model_error[0]), ("hour", [*ends, "hour"], model_error[1])):
        cells = _summed(joined, keys).join(truth.groupby(keys).size().rename("true"), how="outer").fillna(0.0)
        cells["se"] = np.sqrt(cells.spread + cells.weight**2 * (cells.relative_variance + extra**2))
        made_of[name] = cells
    both = pd.concat([naive.groupby(ends).size(), truth.groupby(ends).size()], axis=1).fillna(0.0)
    return made_of, float((both[0] - both[1]).abs().sum() / len(truth)), took


@pytest.fixture(scope="module")
def town():
    return _compared(np.random.default_rng(11), sites=40, trips=40_000, model_error=(0.0, 0.0))


def test_the_error_is_a_fraction_of_that_of_counting(town):
    cells, naive, _ = town
    day, hour = cells["day"], cells["hour"]
    error = float((day.weight - day.true).abs().sum() / day.true.sum())
    hourly = float((hour.weight - hour.true).abs().sum() / hour.true.sum())
    large = day[day.true >= 20]
    mape = float(((large.weight - large.true).abs() / large.true).mean())
    print(f"\nday {error:.3f} (counted {naive:.3f}), hour {hourly:.3f}, MAPE of cells >= 20 {mape:.3f}")
    assert error <= 0.09 and error < naive / 3
    assert mape <= 0.10
    assert abs(day.weight.sum() / day.true.sum() - 1) <= 0.02


@pytest.mark.parametrize("grain", ["day", "hour"])
def test_intervals_hold_the_truth_as_often_as_they_say_and_are_no_wider_than_that_takes(town, grain):
    cells = town[0][grain]
    cells = cells[cells.weight > 0.05]
    ratio = (cells.weight - cells.true).abs() / (Z95 * cells.se)
    covered, takes = float((ratio <= 1).mean()), float(ratio.quantile(0.95))
    print(f"\n{grain}: {covered:.3f} of {len(cells)} intervals hold the truth; exactly 95 % takes {takes:.2f} of their width")
    assert 0.90 <= covered <= 0.98
    assert 0.75 <= takes <= 1.25


def test_a_day_of_sixty_sites_takes_seconds():
    _, _, took = _compared(np.random.default_rng(12), sites=60, trips=120_000, model_error=(0.0, 0.0))
    print(f"\n60 sites, 120,000 trips: {took:.1f} s")
    assert took < 20
