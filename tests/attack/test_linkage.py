"""Attack 7: what routine gives away within the closed tier, and that no row of a vehicle is anywhere else."""

import numpy as np
import pandas as pd
import pytest

from kordon.city import load
from kordon.tables import CLOSED, SHARED, TABLES, Column, Table
from privacy.linkage import relinked, unicity
from tests.e2e import vliet


@pytest.fixture(scope="module")
def two_days(tmp_path_factory):
    """Where and when vehicles of the invented city truly passed, on two days under two keys."""
    folder = tmp_path_factory.mktemp("linkage")
    vliet.simulate(folder, count=2, vehicles=1500)
    site = {camera.camera_id: camera.site_id for camera in load(vliet.CITY).cameras}
    seen = pd.read_csv(folder / "truth" / "passage.csv.gz").rename(columns={"vehicle_key": "vehicle"})
    seen["place"] = seen.camera_id.map(site)
    moment = pd.to_datetime(seen.t, utc=True).dt.tz_convert("Europe/Brussels")
    seen["hour"] = moment.dt.hour
    day = (moment - pd.Timedelta(hours=4)).dt.date
    days = sorted(day.unique())[:2]
    return [seen[day == wanted] for wanted in days]


def test_7_re_linking_by_behaviour_and_unicity_are_measured(two_days, measured):
    first, second = two_days
    share, chance = relinked(first, second)
    rng = np.random.default_rng(7)
    same, _ = relinked(first, first)
    strangers = second.assign(vehicle=rng.permutation(second.vehicle.to_numpy()))
    lost, _ = relinked(first, strangers)
    alone = {points: unicity(first, points=points, sample=500, rng=rng) for points in (1, 2, 3, 4)}
    print(
        f"re-linked across two day keys, top 1: {share:.1%} (chance {chance:.2%}; same day {same:.1%}; behaviour shuffled {lost:.1%}); "
        f"unicity at 1 to 4 points: {', '.join(f'{value:.1%}' for value in alone.values())}"
    )
    measured("relinked", round(100 * share, 2), control=f"{100 * same:.1f} % within a day, {100 * lost:.1f} % of strangers")
    for points, value in alone.items():
        measured(f"unicity_{points}", round(100 * value, 1))
    # Not a gate: the figures say why no row of a vehicle leaves. What is tested is that the attack works.
    assert share > 10 * chance
    assert same > 0.9 > lost
    assert alone[1] <= alone[4]


def _per_vehicle_outside_closed(tables):
    """Tables with a column that tells vehicles apart, and that are not closed raw or core tables."""
    telling = {"vid", "plate", "vehicle_key", "trip_id", "passage_id", "visit_id", "read_id"}
    with_vehicles = [table for table in tables if telling & set(table.column_names)]
    return [table.name for table in with_vehicles if table.tier != CLOSED or not table.name.startswith(("raw_", "core_"))]


def test_7_no_row_of_a_vehicle_outside_closed_tables():
    assert _per_vehicle_outside_closed(TABLES.values()) == []
    leak = Table(
        "out_leak", tier=SHARED, kept="P3Y", grain="x", key=("vid",), columns=(Column("vid", "binary", en="x", nl="x"),)
    )
    assert _per_vehicle_outside_closed([*TABLES.values(), leak]) == ["out_leak"], "positive control"
