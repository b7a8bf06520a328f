"""Do 95 % intervals of expanded counts hold what passed as often as they say, and are they no wider than that takes?

The passages are drawn here in numpy, by hours whose detection differs around that of the site and with a q that is known with an error.
"""

import numpy as np
import pandas as pd
import pytest
from numpy.random import Generator, default_rng

from jobs.expansion import expanded, expanded_rows
from jobs.s10_flows.through_day import shares
from jobs.visit_parts import ENDS
from models.expansion import Z95

SITES, HOURS = 16, 200
Q_SE = 0.006
HOUR_LOGIT = 0.25
"""Spread of a camera's hours in logit, as the simulator draws them: 2.5 % of q at q = .89."""


def logistic(x):
    return 1 / (1 + np.exp(-x))


def draw_q(rng: Generator, *, spread: float = 0.4) -> np.ndarray:
    """q of each site, around .89."""
    return logistic(2.09 + spread * rng.standard_normal(SITES))


def hourly(rng: Generator, q: np.ndarray, n: int) -> np.ndarray:
    """q of each site in each hour, shape (sites, n)."""
    return logistic(np.log(q / (1 - q))[:, None] + HOUR_LOGIT * rng.standard_normal((len(q), n)))


def score(truth, estimate, se, *, least: float) -> tuple[float, float]:
    """Coverage in % of cells with a truth of at least ``least``, and the width relative to what would cover exactly 95 %."""
    large = truth >= least
    off = np.abs(estimate - truth)[large] / np.maximum(Z95 * se[large], 1e-9)
    return 100 * float((off <= 1).mean()), 1 / float(np.quantile(off, 0.95))


def told(what: str, coverage: float, width: float) -> None:
    print(f"{what}: 95 % intervals cover {coverage:.1f} %, {width:.2f} times as wide as covers exactly 95 %")
    assert 90 <= coverage <= 98
    assert 0.75 <= width <= 1.25


@pytest.mark.parametrize("least", [1, 20])
def test_intervals_of_gate_hours_hold_what_passed(spark, least):
    rng = default_rng(11)
    q, rate = draw_q(rng), 10 ** rng.uniform(0, 2.7, (SITES, HOURS))
    passed = rng.poisson(rate)
    matched = rng.binomial(passed, hourly(rng, q, HOURS))
    known = np.repeat((q + Q_SE * rng.standard_normal(SITES))[:, None], HOURS, 1)
    rows = pd.DataFrame(
        {"cell": np.arange(passed.size), "n": matched.ravel(), "q": known.ravel(), "q_se": Q_SE, "up_share": 1.0}
    )
    found = expanded_rows(spark.createDataFrame(rows), keep=["cell"]).toPandas().sort_values("cell")
    told(
        f"gate-hours >= {least}",
        *score(passed.ravel(), found.expanded.to_numpy(), found.expanded_se.to_numpy(), least=least),
    )


def test_intervals_of_gate_pairs_hold_what_drove_from_one_to_the_other(spark):
    rng = default_rng(12)
    into, out = draw_q(rng), draw_q(rng)
    known_in, known_out = (q + Q_SE * rng.standard_normal(SITES) for q in (into, out))
    rate = 10 ** rng.uniform(0.5, 2.5, (SITES, SITES))
    by_hour = rng.poisson(rate[..., None] / 20, (SITES, SITES, 20))
    chance = hourly(rng, into, 20)[:, None, :] * hourly(rng, out, 20)[None, :, :]
    matched, g, h = rng.binomial(by_hour, chance), *np.meshgrid(np.arange(SITES), np.arange(SITES), indexing="ij")
    # the definition errs too: a few percent are through at one threshold and not at another, and one of them is the true one
    short, long = rng.binomial(matched, 0.97).sum(-1), (matched + rng.binomial(matched, 0.03)).sum(-1)
    passed = by_hour.sum(-1)
    rows = pd.DataFrame(
        {"g": g.ravel(), "h": h.ravel(), "n": matched.sum(-1).ravel(), "n_short": short.ravel(), "n_long": long.ravel()}
    )
    rows = rows.assign(entry_q=known_in[rows.g], exit_q=known_out[rows.h], entry_q_se=Q_SE, exit_q_se=Q_SE)
    made = expanded(spark.createDataFrame(rows), cell=["g", "h"], ends=ENDS, thresholds=True).toPandas()
    found = made.sort_values(["g", "h"])
    told("gate pairs", *score(passed.ravel(), found.expanded.to_numpy(), found.expanded_se.to_numpy(), least=1))


def test_the_error_of_a_through_share_is_that_of_what_it_is_made_of(spark):
    """4 gates of different q, 600 days, 30 % through."""
    rng = default_rng(13)
    gates, days = 4, 600
    q_in, q_out = np.array([0.95, 0.9, 0.85, 0.7]), np.array([0.9, 0.8, 0.92, 0.88])
    know_in, know_out = (np.clip(q + 0.02 * rng.standard_normal((days, gates)), 0.1, 1) for q in (q_in, q_out))
    q_in, q_out = hourly(rng, q_in, days), hourly(rng, q_out, days)
    entered, rows, truth = rng.poisson(80, (days, gates)), [], np.zeros(days)
    for g in range(gates):
        through = rng.multinomial(rng.binomial(entered[:, g], 0.3), [0.25] * gates)
        truth += through.sum(-1)
        rest = rng.binomial(entered[:, g] - through.sum(-1), q_in[g])
        for h in range(gates):
            seen = rng.binomial(through[:, h], q_in[g])
            whole = rng.binomial(seen, q_out[h])
            rest = rest + seen - whole
            rows.append(pd.DataFrame({"day": range(days), "g": g, "h": h, "n": whole, "n_through": whole}))
        rows.append(pd.DataFrame({"day": range(days), "g": g, "h": -1, "n": rest, "n_through": 0}))
    parts = pd.concat(rows, ignore_index=True)
    parts = parts.assign(
        service_day=pd.Timestamp("2026-03-10").date(),
        cordon_id=parts.day.astype(str),
        vehicle_class="all",
        entry_site_id="i" + parts.g.astype(str),
        exit_site_id=("o" + parts.h.astype(str)).where(parts.h >= 0, None),
        entry_q=know_in[parts.day, parts.g],
        exit_q=know_out[parts.day, parts.h],
        n_short=parts.n_through,
        n_long=parts.n_through,
        entry_q_se=0.02,
        exit_q_se=0.02,
    )
    made = shares(spark.createDataFrame(parts)).toPandas()
    found = made.set_index(made.cordon_id.astype(int)).sort_index()
    share, true = found.through_share.to_numpy(), truth / entered.sum(-1)
    se = (found.through_share_high - found.through_share_low).to_numpy() / 2 / Z95
    told("through shares", *score(true, share, se, least=0))
    assert abs((share - true).mean()) < 0.003
