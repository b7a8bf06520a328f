"""Shares of a whole, repeat visits and trips of chains: worked out by hand, and intervals that hold on simulated misses."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from models import expansion, od, od_error, repeats
from models.expansion import MODEL_LOGIT, UNKNOWN, Whole

Z95 = 1.96


@pytest.fixture
def well_sorted(monkeypatch):
    """Cameras that never take a class for another."""
    for module in (expansion, repeats):
        monkeypatch.setattr(module, "SORT_ERROR", 0.0)


def _whole(n, q, *, q_se=0.0, sites="ab"):
    sites = list(sites)[: len(n)]
    return Whole.of(pd.DataFrame({"n": n, "q": q, "q_se": np.full(len(n), q_se), "site_id": sites}))


def test_a_share_and_its_error_as_worked_out_by_hand(monkeypatch, well_sorted):
    monkeypatch.setattr(expansion, "MODEL_LOGIT", 0.0)
    found = _whole([80, 90], [0.8, 0.9], q_se=0.02).share_of(np.array([True, False]))
    # 80 stand for 100, 90 for 100; thinning 80 * 1.25 * .25 = 25; q: (100 * .02 / .8)^2 = 6.25
    assert found.expanded == pytest.approx(100) and found.se == pytest.approx(np.sqrt(25 + 6.25))
    # of the others 90 * 1.111 * .111 = 11.11 and (100 * .02 / .9)^2 = 4.938; a share of .5 weighs all of them by a quarter
    assert found.share == pytest.approx(0.5)
    error = np.sqrt(0.25 * (25 + 6.25 + 11.111 + 4.938)) / 200
    assert (found.high - found.low) / 2 == pytest.approx(Z95 * error, rel=1e-3)


def test_what_is_learned_of_one_site_cancels_in_a_share_of_it(well_sorted):
    alike = _whole([50, 50], [0.9, 0.9], q_se=0.05, sites="aa").share_of(np.array([True, False]))
    apart = _whole([50, 50], [0.9, 0.9], q_se=0.05, sites="ab").share_of(np.array([True, False]))
    assert alike.high - alike.low < apart.high - apart.low
    assert alike.se == pytest.approx(apart.se)


def test_nobody_seen_is_not_nobody_for_certain_and_all_seen_not_all():
    found = _whole([9, 0], [0.9, 0.9]).share_of(np.array([False, True]))
    assert found.share == 0 and found.high > 0 and found.se > 0
    assert _whole([9], [0.9]).share_of(np.array([True])).low < 1


def test_without_q_at_one_site_there_is_no_figure_and_where_all_are_seen_no_error(well_sorted):
    assert _whole([9, 9], [0.9, np.nan]).share_of(np.array([True, False])) == UNKNOWN
    assert _whole([9, 9], [1.0, 1.0]).share_of(np.array([True, False]))[1:5] == (0.0, 0.5, 0.5, 0.5)


def test_a_weight_is_capped_at_five_and_said():
    found = _whole([10, 10], [0.1, 0.9]).share_of(np.array([True, False]))
    assert found.expanded == 50 and found.capped == 10 and found.se >= 50


def test_what_cameras_sort_wrongly_is_in_the_error_and_less_so_within_a_class():
    # everybody is seen: 30 of 100 of a class, or 30 of 100 of a class outside a window
    whole, own = _whole([30, 70], [1.0, 1.0]), np.array([True, False])
    of_class, within = whole.share_of(own), whole.share_of(own, is_sorted=True)
    assert of_class.se == within.se == pytest.approx(0.08 * 30)
    assert of_class.high - of_class.low == pytest.approx(2 * Z95 * 0.08 * 0.3)
    assert within.high - within.low == pytest.approx(2 * Z95 * 0.08 * 0.3 * 0.7)


def test_intervals_of_shares_hold(well_sorted):
    rng, truth, q = np.random.default_rng(1), np.array([300, 40, 700, 900]), np.array([0.85, 0.85, 0.93, 0.93])
    own, held = np.array([True, False, True, False]), 0
    for _ in range(400):
        day_q = q * (1 + MODEL_LOGIT * (1 - q) * rng.standard_normal(2)[[0, 0, 1, 1]])
        seen = rng.binomial(truth, np.minimum(day_q, 1.0))
        found = _whole(seen, q, sites="aabb").share_of(own)
        held += found.low <= truth[own].sum() / truth.sum() <= found.high
    print(f"shares: {held / 400:.1%}")
    assert 0.92 <= held / 400 <= 0.98


def test_who_came_twice_and_was_seen_once_is_put_back():
    # q .8: of 100 who came once 80 are seen; of 100 who came twice 64 are seen twice and 32 once
    found = repeats.unfolded(np.array([80.0 + 32.0, 64.0]), q=0.8, q_se=0.0, most=5)
    assert found.vehicles == pytest.approx([100, 100, 0, 0, 0], abs=1e-9)


def test_more_than_the_last_number_is_counted_there_and_very_often_does_no_harm():
    often = np.zeros(60)
    often[[0, 59]] = 100.0, 3.0
    found = repeats.unfolded(often, q=0.7, q_se=0.01, most=5)
    assert found.vehicles[0] == pytest.approx(100 / 0.7) and found.vehicles[4] == pytest.approx(3, rel=0.01)
    assert np.isfinite(found.se).all()


@pytest.mark.parametrize("q", [float("nan"), 0.4])
def test_where_hardly_anybody_is_seen_nothing_is_said_of_who_returns(q):
    assert repeats.unfolded(np.array([5.0]), q=q, q_se=0.1, most=5) is None


def test_intervals_of_repeat_visits_hold(well_sorted):
    rng, truth, q, held = np.random.default_rng(2), np.array([4000, 1500, 300, 80, 40]), 0.88, 0
    times = np.repeat([1, 2, 3, 4, 7], truth)
    for _ in range(200):
        day_q = q * (1 + MODEL_LOGIT * (1 - q) * rng.standard_normal())
        seen = np.bincount(rng.binomial(times, min(day_q, 1.0)), minlength=8)[1:].astype(float)
        found = repeats.unfolded(seen, q=q, q_se=0.0, most=5)
        held += np.abs(found.vehicles - truth) <= Z95 * found.se
    print(f"repeat visits: {held / 200}")
    assert ((held / 200 >= 0.9) & (held / 200 <= 0.99)).all()


def test_intervals_of_chains_hold_and_cover_what_a_shorter_chain_hides(monkeypatch):
    monkeypatch.setattr(od_error, "DAY_ERROR", 0.0)
    monkeypatch.setattr(od_error, "TRIP_DOUBT", 0.0)
    rng, sites = np.random.default_rng(3), ["A", "B", "C", "D"]
    q = {"A": 0.9, "B": 0.8, "C": 0.85, "D": 0.9}
    truth = {("A", "B", "C"): 600, ("A", "C"): 200, ("B", "C", "D"): 300, ("A", "B"): 150, ("C", "D"): 250, ("D",): 100}
    held, off = Counter(), Counter()
    for _ in range(60):
        seen = Counter()
        for chain, n in truth.items():
            kept = rng.random((n, len(chain))) < [q[site] for site in chain]
            seen.update(tuple(site for site, k in zip(chain, row, strict=True) if k) for row in kept)
        del seen[()]
        chains = sorted(seen)
        counts = sp.csc_matrix(np.array([[seen[chain]] for chain in chains], float))
        fitted = od.fit(chains, counts=counts, q=np.array([[q[site] for site in sites]]), sites=sites)
        wanted = [chain for chain in truth if len(chain) > 1]
        rows = np.array([chains.index(chain) for chain in wanted])
        error = od_error.chain_error(fitted, rows=rows, slope=np.zeros((len(chains), 4)), q_se=np.zeros(4))
        for chain, row, se in zip(wanted, rows, error, strict=True):
            estimate = fitted.trips[row].sum()
            held[chain] += abs(estimate - truth[chain]) <= Z95 * se
            off[chain] += estimate / truth[chain] / 60
    print({">".join(chain): (f"{held[chain] / 60:.0%}", f"{off[chain]:.3f}") for chain in held})
    assert all(n / 60 >= 0.85 for n in held.values())
    assert all(ratio == pytest.approx(1, abs=0.05) for ratio in off.values())
