"""What the budget buys at 60,000 vehicles a day: figures against exact counts after bounding, printed with their goals."""

import datetime as dt

import pandas as pd
import pytest
from scipy.stats import binom

from privacy.ledger.ledger import Reservation
from privacy.open_tier import DATASETS, draw, plan, preset
from privacy.open_tier.drawing import counts_of
from tests.unit.population import day_cells, places

DAY = dt.date(2026, 3, 10)
# Table, rows of it, greatest weighted absolute percentage error.
GOALS = (("od_day", None, 11), ("gate_day", None, 4), ("od_district_day", None, 3), ("od_month_hour", "workday", 11))


@pytest.fixture(scope="module", params=[(13, 14), (20, 40)], ids=["as Vliet", "20 zones, 40 gates"])
def drawings(request):
    """Per table the true counts and a draw, strict preset. A month is a workday's cells 22 times, and its Saturday and Sunday."""
    zones, gates = request.param
    where = places(zones=zones, gates=gates)
    days = {
        d: day_cells(where, d, vehicles=n)
        for d, n in ((DAY, 60_000), (dt.date(2026, 3, 14), 40_000), (dt.date(2026, 3, 15), 30_000))
    }
    times = dict(zip(days, (22, 4, 5), strict=True))
    found = {}
    for name, what in DATASETS.items():
        if what.unit == "day":
            first = last = DAY
            cells = days[DAY][what.cells]
        else:
            first, last = dt.date(2026, 3, 1), dt.date(2026, 3, 31)
            cells = pd.concat([c[what.cells].assign(bounded=lambda t, n=times[d]: t["bounded"] * n) for d, c in days.items()])
        made = plan(name, places=where, preset=preset("strict"), first=first, last=last)
        drawn = draw(made, cells, reservation=Reservation(made.charge, "test"))
        counts = counts_of(made, cells)
        for level in made.levels:
            table = drawn.tables[level.level.table].assign(truth=level.matrix @ counts)
            table["error"] = (table[what.measure].astype(float) - table["truth"]).abs()
            found[level.level.table] = (table, level)
    return found


def _wape(table):
    return 100 * table["error"].sum() / table["truth"].sum()


def test_the_goals_of_accuracy_are_met_by_the_strict_preset(drawings):
    lines = []
    for name, (table, level) in drawings.items():
        split = next((c for c in ("day_type", "vehicle_class") if c in table and table[c].nunique() > 1), None)
        parts = {} if split is None else {key: round(_wape(part), 1) for key, part in table.groupby(split)}
        covered = (table["error"] <= table["margin95"]).mean()
        lines.append(
            f"{name:16} sigma {level.sigma:6.1f}  mean {table['truth'].mean():9.1f}  WAPE {_wape(table):6.2f} %  "
            f"within margin {100 * covered:5.1f} %  {parts or ''}"
        )
    print("", *lines, sep="\n")
    for name, day_type, goal in GOALS:
        table = drawings[name][0]
        assert _wape(table if day_type is None else table[table["day_type"] == day_type]) <= goal, name


def test_margins_cover_what_they_say_and_are_never_wider_than_before(drawings, measured):
    for name, (table, level) in drawings.items():
        assert (table["margin95"] <= 1.96 * level.sigma).all(), name
    errors = pd.concat([table[["error", "margin95"]] for table, _ in drawings.values()])
    inside = int((errors["error"] <= errors["margin95"]).sum())
    print(f"\n{100 * inside / len(errors):.2f} % of {len(errors)} cells within their margin")
    assert binom.cdf(inside, len(errors), 0.95) > 0.001
    # Control: half the margin covers a third of errors less.
    half = int((errors["error"] <= errors["margin95"] / 2).sum())
    assert binom.cdf(half, len(errors), 0.95) < 0.001
    measured(
        "margin_coverage", round(100 * inside / len(errors), 2), control=f"{100 * half / len(errors):.1f} % within half of it"
    )


def test_large_cells_that_give_way_to_small_ones_stay_near_their_margin(drawings):
    # Small cells cannot go below zero, so what noise adds to them is taken from the large ones beside them.
    large = pd.concat([t[t["truth"] >= t["truth"].quantile(0.8)] for t, _ in drawings.values()])
    inside = (large["error"] <= large["margin95"]).mean()
    print(f"\n{100 * inside:.2f} % of the {len(large)} largest fifth of cells within their margin")
    assert inside > 0.93
