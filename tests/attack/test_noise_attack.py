"""Attacks 10 and 11 on the open tier: is the noise what it says, and does it hide a vehicle-day as declared."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtr
from scipy.stats import beta, chisquare

from privacy.ledger.ledger import Reservation
from privacy.open_tier import draw, plan, preset
from privacy.open_tier.drawing import counts_of
from privacy.open_tier.noise import epsilon, noisy, rho_of
from tests.unit.population import day_cells, places

DAY, FIRST, LAST = dt.date(2026, 3, 10), dt.date(2026, 3, 1), dt.date(2026, 3, 31)
SMALL = places(zones=8, gates=4)
DRAWS = 100_000
# The delta at which the published epsilon holds, and two of the same curve at which so many trials can tell half the noise.
DELTAS = (1e-7, 1e-2, 5e-2)


def law(draws, sigma):
    """p of a chi-square against the discrete Gaussian, and the standard deviation's ratio to the law's."""
    reach = np.arange(-int(12 * sigma), int(12 * sigma) + 1)
    mass = np.exp(-(reach.astype(float) ** 2) / (2 * sigma**2))
    mass /= mass.sum()
    # Bins of a quarter of sigma with rare tails together, so that each expects hundreds of draws.
    edge = np.clip(np.floor(reach / (sigma / 4)), -12, 12)
    groups = np.unique(edge)
    expected = np.array([mass[edge == g].sum() for g in groups]) * len(draws)
    seen_edge = np.clip(np.floor(draws / (sigma / 4)), -12, 12)
    seen = np.array([(seen_edge == g).sum() for g in groups])
    return chisquare(seen, expected).pvalue, draws.std() / np.sqrt((mass * reach.astype(float) ** 2).sum())


@pytest.mark.parametrize("sigma", [2.0, 39.6])
def test_the_noise_is_a_discrete_gaussian_and_a_tenth_less_is_caught(sigma):
    p, ratio = law(noisy(np.zeros(DRAWS, np.int64), sigma=sigma), sigma)
    print(f"\nsigma {sigma}: p {p:.3g}, sd ratio {ratio:.4f}")
    assert p > 1e-4
    assert abs(ratio - 1) < 0.01
    p, ratio = law(noisy(np.zeros(DRAWS, np.int64), sigma=0.9 * sigma), sigma)
    assert p < 1e-4
    assert abs(ratio - 1) > 0.01


def scores(differences, sigmas, *, trials):
    """The likelihood-ratio score of an attacker who knows all others: trials without and with the target.

    ``differences`` are, per level, what the target adds to the cells that it touches; the others' counts are known, so 0.
    """
    found = []
    for factor in (0, 1):
        score = np.zeros(trials)
        for difference, sigma in zip(differences, sigmas, strict=True):
            seen = noisy(np.tile(factor * difference, trials), sigma=sigma).reshape(trials, -1)
            score += seen @ difference / sigma**2
        found.append(score)
    return found


def empirical_epsilon(without, present, *, delta):
    """A lower bound of epsilon: the threshold is chosen on one half, judged on the other (Clopper-Pearson, 95 %)."""
    half = len(without) // 2
    thresholds = np.quantile(without[:half], np.linspace(0.5, 0.99, 50))
    rates = [((present[:half] > t).mean() - delta, (without[:half] > t).mean()) for t in thresholds]
    best = thresholds[int(np.argmax([hit / alarm for hit, alarm in rates]))]
    hits, alarms = int((present[half:] > best).sum()), int((without[half:] > best).sum())
    least_hits = beta.ppf(0.025, hits, half - hits + 1)
    most_alarms = beta.ppf(0.975, alarms + 1, half - alarms)
    return float(np.log(max(least_hits - delta, 1e-12) / most_alarms))


def auc(without, present):
    ranks = np.argsort(np.argsort(np.concatenate([without, present]))) + 1
    n = len(without)
    return (ranks[n:].sum() - n * (n + 1) / 2) / (n * n)


def attack(differences, sigmas, *, rho, trials=20_000):
    """Whether the attack beats what is declared, with its figures."""
    without, present = scores(differences, sigmas, trials=trials)
    found = {delta: empirical_epsilon(without, present, delta=delta) for delta in DELTAS}
    declared = {delta: epsilon(rho, delta=delta) for delta in DELTAS}
    area, most = auc(without, present), ndtr(np.sqrt(rho))
    print(f"\nrho {rho:.4f}: epsilon found {found}, declared {declared}; AUC {area:.3f}, bound {most:.3f}")
    beats_epsilon = any(found[delta] > declared[delta] for delta in DELTAS)
    return beats_epsilon, area > most + 0.01


def test_six_known_trips_of_a_vehicle_are_hidden_as_declared_and_half_the_noise_is_caught(measured):
    # The worst that a vehicle-day can do in od_day: two trips in each of three pairs of zones of one pair of districts.
    what = plan("od_day", places=SMALL, preset=preset("standard"), first=DAY, last=DAY)
    differences = [np.array([6]), np.array([2, 2, 2])]
    sigmas = [level.sigma for level in what.levels]
    for difference, level in zip(differences, what.levels, strict=True):
        assert np.linalg.norm(difference) == pytest.approx(level.sens)
    assert attack(differences, sigmas, rho=what.charge.rho) == (False, False)
    assert attack(differences, [s / 2 for s in sigmas], rho=what.charge.rho) == (True, True)
    default = plan("od_day", places=SMALL, preset=preset("strict"), first=DAY, last=DAY)
    without, present = scores(differences, [level.sigma for level in default.levels], trials=20_000)
    least = empirical_epsilon(without, present, delta=DELTAS[0])
    measured("membership_epsilon", round(least, 3), control="half the noise beats what is declared")
    assert least <= epsilon(default.charge.rho, delta=DELTAS[0])


def test_control_raw_counts_give_the_vehicle_away():
    without, present = scores([np.array([2, 2, 2])], [0.01], trials=500)
    assert auc(without, present) == 1.0


def test_a_vehicle_alone_in_its_cell_every_day_of_a_month_has_the_declared_epsilon_for_each_day():
    what = plan("od_month_hour", places=SMALL, preset=preset("standard"), first=FIRST, last=LAST)
    workdays = [d for d in (FIRST + dt.timedelta(n) for n in range(31)) if d.weekday() < 5]

    def cells(days):
        row = {"origin_zone_id": "z00", "destination_zone_id": "z05", "hour_of_day": 8, "bounded": 2}
        return pd.DataFrame([{"service_day": day, **row} for day in days])

    differences = []
    moved = counts_of(what, cells(workdays)) - counts_of(what, cells(workdays[1:]))
    for level in what.levels:
        change = level.matrix @ moved
        assert np.linalg.norm(change) <= level.sens
        differences.append(change[change != 0].astype(np.int64))
    sigmas = [level.sigma for level in what.levels]
    assert attack(differences, sigmas, rho=what.charge.rho) == (False, False)
    assert attack([len(workdays) * d for d in differences], sigmas, rho=what.charge.rho) == (True, True)
    drawn = draw(what, cells(workdays), reservation=Reservation(what.charge, "test"))
    assert drawn.metadata["epsilon_habit"] > 10 * drawn.metadata["epsilon"]


def test_what_is_published_costs_what_is_charged_by_the_definition_too():
    for name in ("strict", "standard"):
        for dataset in ("od_day", "gate_hour", "od_month_hour"):
            first, last = (FIRST, LAST) if "month" in dataset else (DAY, DAY)
            what = plan(dataset, places=SMALL, preset=preset(name), first=first, last=last)
            spent = sum(rho_of(level.sigma, sens=level.sens) for level in what.levels)
            assert spent == pytest.approx(sum(level.sens**2 / (2 * level.sigma**2) for level in what.levels))
            assert spent <= preset(name).rho(dataset) * (1 + 1e-12)


def test_two_draws_differ_in_most_cells_so_nobody_can_subtract_the_noise():
    what = plan("od_day", places=SMALL, preset=preset("strict"), first=DAY, last=DAY)
    cells = day_cells(SMALL, DAY, vehicles=2000)["od_day"]
    one, two = (draw(what, cells, reservation=Reservation(what.charge, "test")).tables["od_day"] for _ in "ab")
    assert (one["trips_unbiased"] != two["trips_unbiased"]).mean() > 0.9
