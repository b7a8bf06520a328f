"""Fitting to counts: cases worked out by hand, what must hold for any table, and the hours of Bath.

The figures that the tests bound are printed: ``pytest -s tests/unit/test_models_count_fit.py``.
"""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from models.count_fit import MOST_FACTOR, TOLERANCE, ImpossibleCountsError, fit_to_counts

OFF = {"least": 0.0, "most": np.inf}


def _margins(shape):
    """Who passes each row and each column of a table."""
    cells = np.arange(np.prod(shape)).reshape(shape)
    rows = [np.isin(cells, line).ravel() for line in cells]
    columns = [np.isin(cells, line).ravel() for line in cells.T]
    return sp.csr_matrix(np.array([*rows, *columns], float))


def _fit(prior, into, **caps):
    """Fit a table to the margins of another one."""
    counts = np.concatenate([into.sum(1), into.sum(0)])
    return fit_to_counts(prior.ravel(), passes=_margins(prior.shape), counts=counts, **caps)


def test_a_table_of_two_gates_meets_its_margins_as_worked_out_by_hand():
    # From 40 10 / 10 40 to rows 60, 60 and columns 80, 40. The odds ratio stays 16, so x (x - 20) = 16 (60 - x) (80 - x):
    # 15 x^2 - 2220 x + 76800 = 0, x = 54.9
    fitted = _fit(np.array([[40.0, 10.0], [10.0, 40.0]]), np.array([[50.0, 10.0], [30.0, 30.0]]), **OFF)
    x = (2220 - np.sqrt(2220**2 - 4 * 15 * 76800)) / 30
    assert fitted.figure == pytest.approx([x, 60 - x, 80 - x, x - 20], rel=1e-3)
    assert fitted.is_met.all()


def test_trips_that_pass_two_counts_take_both_factors_and_who_passes_twice_the_square():
    # A passes count 1, B both, C count 2 twice: 30 and 100 were counted
    passes = sp.csr_matrix([[1.0, 1.0, 0.0], [0.0, 1.0, 2.0]])
    fitted = fit_to_counts(np.array([10.0, 10.0, 20.0]), passes=passes, counts=np.array([30.0, 100.0]))
    one, two = fitted.factor
    assert fitted.figure == pytest.approx([10 * one, 10 * one * two, 20 * two**2])
    assert fitted.reached == pytest.approx([30, 100], rel=1e-4)


def test_a_count_beyond_the_cap_is_not_met_and_keeps_its_cap_as_factor():
    fitted = fit_to_counts(np.array([10.0, 5.0]), passes=sp.csr_matrix([[1.0, 0.0]]), counts=np.array([100.0]))
    assert fitted.factor.tolist() == [MOST_FACTOR] and fitted.figure.tolist() == [30.0, 5.0]
    assert not fitted.is_met.any()
    free = fit_to_counts(np.array([10.0, 5.0]), passes=sp.csr_matrix([[1.0, 0.0]]), counts=np.array([100.0]), **OFF)
    assert free.figure == pytest.approx([100.0, 5.0])


def test_a_count_where_no_trip_passes_is_impossible_and_named():
    passes = sp.csr_matrix([[1.0, 1.0], [0.0, 0.0]])
    with pytest.raises(ImpossibleCountsError, match="counts 1 together") as refusal:
        fit_to_counts(np.array([10.0, 0.0]), passes=passes, counts=np.array([12.0, 5.0]))
    assert refusal.value.counts.tolist() == [1]


def test_counts_along_one_road_that_differ_are_impossible():
    passes = sp.csr_matrix([[1.0], [1.0]])
    with pytest.raises(ImpossibleCountsError):
        fit_to_counts(np.array([100.0]), passes=passes, counts=np.array([110.0, 140.0]))


@pytest.mark.parametrize(("prior", "count"), [(-1.0, 1.0), (np.nan, 1.0), (1.0, -1.0), (1.0, np.inf)])
def test_what_is_no_figure_is_refused(prior, count):
    with pytest.raises(ValueError, match="numbers of at least 0"):
        fit_to_counts(np.array([prior]), passes=sp.csr_matrix([[1.0]]), counts=np.array([count]))


def test_without_counts_nothing_changes():
    fitted = fit_to_counts(np.array([3.0]), passes=sp.csr_matrix((0, 1)), counts=np.zeros(0))
    assert fitted.figure.tolist() == [3.0]


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 5), st.integers(2, 5), st.integers(0, 2**31))
def test_margins_are_met_zeros_stay_and_odds_ratios_are_those_of_the_prior(height, width, seed):
    rng = np.random.default_rng(seed)
    # Margins of a table with the same zeros can be met; a whole first row and column keep it connected.
    prior = rng.integers(1, 50, (height, width)).astype(float) * (rng.random((height, width)) > 0.3)
    prior[0], prior[:, 0] = np.maximum(prior[0], 1.0), np.maximum(prior[:, 0], 1.0)
    into = prior * rng.uniform(0.3, 3.0, (height, width))
    fitted = _fit(prior, into, **OFF)
    figure = fitted.figure.reshape(prior.shape)
    assert fitted.is_met.all()
    assert figure.sum(1) == pytest.approx(into.sum(1), rel=2 * TOLERANCE, abs=2 * TOLERANCE)
    assert figure.sum(0) == pytest.approx(into.sum(0), rel=2 * TOLERANCE, abs=2 * TOLERANCE)
    assert ((figure > 0) == (prior > 0)).all()
    corner, here = prior[1:, 1:] > 0, figure[1:, 1:]
    odds = [table[0, 0] * table[1:, 1:] / np.outer(table[1:, 0], table[0, 1:]) for table in (prior, figure)]
    assert odds[1][corner] == pytest.approx(odds[0][corner], rel=1e-9)
    assert (here[~corner] == 0).all()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31))
def test_a_capped_fit_is_the_prior_times_factors_within_the_caps(seed):
    rng = np.random.default_rng(seed)
    passes = rng.integers(0, 3, (4, 12)).astype(float)
    prior = rng.uniform(0, 20, 12)
    counts = passes @ (prior * rng.uniform(0.1, 6.0, 12))
    fitted = fit_to_counts(prior, passes=sp.csr_matrix(passes), counts=counts, least=0.5, most=3.0)
    assert (fitted.factor >= 0.5).all() and (fitted.factor <= 3.0).all()
    assert fitted.figure == pytest.approx(prior * np.prod(fitted.factor[:, None] ** passes, axis=0))
    # A count that is not met has a factor at its cap.
    assert np.isin(fitted.factor[~fitted.is_met].round(9), [0.5, 3.0]).all()


def test_hour_12_of_bath_is_brought_to_the_margins_of_hour_8_and_hour_17_is_out_of_reach(shared):
    moves = pd.read_csv(shared / "data" / "bath_banes_anpr" / "moves_hr.csv")
    moves[["origin", "destination"]] = moves.ID.str.split("_", expand=True)
    places = sorted({*moves.origin, *moves.destination})

    def hour(number):
        table = moves[moves.hour == number].pivot_table(index="origin", columns="destination", values="total", aggfunc="sum")
        return table.reindex(index=places, columns=places).fillna(0.0).to_numpy()

    noon, morning, evening = hour(12), hour(8), hour(17)
    fitted = _fit(noon, morning, **OFF)
    figure = fitted.figure.reshape(noon.shape)
    gaps = [np.abs(figure.sum(axis) - morning.sum(axis)) / np.maximum(morning.sum(axis), 1) for axis in (0, 1)]
    print(
        f"{fitted.sweeps} sweeps, gap {max(map(np.max, gaps)):.1e}, factors {fitted.factor.min():.3f} to {fitted.factor.max():.1f}"
    )
    assert max(map(np.max, gaps)) <= 1e-4
    assert ((figure > 0) == (noon > 0)).all()
    with pytest.raises(ImpossibleCountsError) as refusal:
        _fit(morning, evening, **OFF)
    print(refusal.value)
