"""Real counts that nobody here made: the camera-to-camera moves of the Bath survey, suppressed and attacked."""

import time

import numpy as np
import pandas as pd
import pytest

from audit.attacks import Finding, differencing
from audit.files import Release
from privacy.relations import SystemBuilder
from privacy.suppression import hide_more, too_narrow

K = 10


def bath(shared) -> pd.DataFrame:
    """One day's table of a class per hour: moves between cameras over the survey, taken as counts of vehicles; zeros included."""
    moves = pd.read_csv(shared / "data" / "bath_banes_anpr" / "moves_hr.csv")
    ends = moves["ID"].str.split("_", expand=True)
    moves = moves.assign(origin=ends[0], destination=ends[1], total=moves["total"].astype(int))
    dense = pd.MultiIndex.from_product(
        [sorted(set(moves["hour"])), sorted(set(ends[0])), sorted(set(ends[1]))], names=["hour", "origin", "destination"]
    )
    counts = moves.set_index(["hour", "origin", "destination"])["total"].reindex(dense, fill_value=0)
    return counts.rename("trips").reset_index()


def suppressed(cells: pd.DataFrame, *, complementary: bool) -> np.ndarray:
    """Rows that are hidden when each hour, pair of cameras is published beside each pair's total of the day."""
    builder = SystemBuilder()
    rows = builder.rows(cells["trips"].to_numpy(float))
    numbers = builder.variables(cells["trips"].to_numpy(), rows=rows)
    pairs = cells.groupby(["origin", "destination"], sort=True)
    totals = pairs["trips"].sum().to_numpy()
    total_rows = builder.rows(totals.astype(float))
    whole = builder.variables(totals, rows=total_rows)
    for place, found in enumerate(pairs.indices.values()):
        builder.relate("pair", parts=[numbers[found]], whole=[whole[place : place + 1]])
    system = builder.build()
    hidden = system.values < K
    if complementary:
        hidden = hide_more(system, hidden_rows=hidden, k=K)
        assert too_narrow(system, hidden_rows=hidden, k=K) == []
    return hidden


def attack(cells: pd.DataFrame, hidden: np.ndarray) -> Finding:
    """The same two tables as products: pairs by hour of a month, and the month of each pair through a calendar of one day a month."""
    hours, totals = hidden[: len(cells)], hidden[len(cells) :]
    month = cells.rename(columns={"hour": "hour_of_day", "origin": "origin_zone_id", "destination": "destination_zone_id"})
    month = month.assign(month="2017-11", day_type="survey", hour_of_day=month["hour_of_day"].astype(str))
    pairs = cells.groupby(["origin", "destination"], sort=True)["trips"].sum().reset_index()
    # The survey as the days of one month: all moves on its first day, none that could be on the others.
    days = [f"2017-11-{day:02d}" for day in range(1, 31)]
    frames = []
    for number, day in enumerate(days):
        frame = pairs.rename(columns={"origin": "origin_zone_id", "destination": "destination_zone_id"}).assign(date=day)
        frame["status"] = np.where(totals, "suppressed", "ok") if number == 0 else "structural_zero"
        frame["trips"] = frame["trips"].where(frame["status"] == "ok").astype(float)
        frames.append(frame.assign(vehicle_class="car"))
    month["status"] = np.where(hours, "suppressed", "ok")
    month["trips"] = month["trips"].where(~hours).astype(float)
    about = {"kordon": {"tier": "shared", "k": K}}
    tables = {"od_month_hour": month, "od_day": pd.concat(frames, ignore_index=True)}
    return differencing([Release(None, about, tables)], k=K)


@pytest.mark.needs("shared")
def test_bath_suppressed_is_not_found_and_with_the_threshold_alone_is(shared, capsys):
    cells = bath(shared)
    found, seconds = {}, {}
    for complementary in (False, True):
        start = time.monotonic()
        hidden = suppressed(cells, complementary=complementary)
        seconds["suppression", complementary] = time.monotonic() - start
        start = time.monotonic()
        found[complementary] = (hidden, attack(cells, hidden))
        seconds["audit", complementary] = time.monotonic() - start
    (few, bare), (hidden, covered) = found[False], found[True]
    assert bare.reached["exact"] > 0
    assert not bare.passed
    assert {name: covered.reached[name] for name in ("exact", "narrow", "unsolved")} == {"exact": 0, "narrow": 0, "unsolved": 0}
    hours = slice(0, len(cells))
    counts = cells["trips"].to_numpy()
    primary, extra = (few[hours] & (counts > 0)).sum(), (hidden[hours] & (counts > 0)).sum()
    kept = counts[~hidden[hours]].sum() / counts.sum()
    with capsys.disabled():
        print(
            f"\nbath: {len(cells):,} cells, {(counts > 0).sum():,} not 0, {primary:,} of them below {K}; hidden {extra:,} "
            f"({extra / primary:.2f} x); moves shown {kept:.1%}; threshold alone: {bare.reached['exact']:,} exact, "
            f"{bare.reached['narrow']:,} narrow; suppressed: 0 and 0 of {covered.reached['hidden']:,}, "
            f"suppression {seconds['suppression', True]:.1f} s, audit {seconds['audit', True]:.1f} s"
        )
    assert extra <= 2.5 * primary
