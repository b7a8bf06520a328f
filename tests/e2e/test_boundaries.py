"""Trip boundaries against the truth of a simulation, with perfect and with default cameras."""

from pathlib import Path

import pandas as pd
import pytest

import simulation
from tests.e2e import vliet

DAY = vliet.days(1)
MIN_STOP_S = 600
SHORT_S = 180


def _truth(folder: Path, name: str, *dates: str) -> pd.DataFrame:
    file = next((folder / "truth").glob(f"{name}.csv*"))
    table = pd.read_csv(file)
    for column in dates:
        table[column] = pd.to_datetime(table[column], utc=True, format="ISO8601")
    return table


def _boundary_scores(lake, truth: Path) -> dict[str, float]:
    """F1 of cuts over legs whose two passages are of one true vehicle: a cut is right where it stopped for min_stop_s.

    ``strict`` counts every leg; ``f1`` leaves out legs whose longest stop took 3 to 10 minutes: the time to park, and to drive
    there and back, makes many of them as long as a stop of 10 minutes on the road.
    """
    passages = lake.read("core_passage").select("passage_id", "first_read_id").toPandas()
    legs = lake.read("core_leg").select("from_passage_id", "to_passage_id", "is_cut").toPandas()
    reads = _truth(truth, "read").merge(_truth(truth, "passage", "t"), on="passage_key")
    placed = passages.merge(reads, left_on="first_read_id", right_on="read_id")[["passage_id", "vehicle_key", "t"]]
    pairs = legs.merge(placed.add_prefix("from_"), on="from_passage_id").merge(placed.add_prefix("to_"), on="to_passage_id")
    pairs = pairs[pairs.from_vehicle_key == pairs.to_vehicle_key]
    trips = _truth(truth, "trip", "depart").dropna(subset=["stop_before_s"])
    stops = pairs.merge(trips, left_on="to_vehicle_key", right_on="vehicle_key")
    stops = stops[(stops.depart > stops.from_t) & (stops.depart <= stops.to_t)]
    longest = pairs.to_passage_id.map(stops.groupby("to_passage_id").stop_before_s.max()).fillna(0)
    clear = (longest < SHORT_S) | (longest >= MIN_STOP_S)

    def f1(which: pd.Series) -> float:
        stopped, cut = longest[which] >= MIN_STOP_S, pairs.is_cut[which]
        return float(2 * (stopped & cut).sum() / (stopped.sum() + cut.sum()))

    stopped = int((longest >= MIN_STOP_S).sum())
    return {"legs": len(pairs), "stops": stopped, "f1": f1(clear), "strict": f1(clear | True)}


@pytest.mark.parametrize(("cameras", "floor"), [("perfect", 0.95), ("default", 0.93)])
def test_trips_end_where_vehicles_stopped(spark, tmp_path, cameras, floor):
    overrides = simulation.perfect_cameras() if cameras == "perfect" else None
    made = vliet.simulate(tmp_path, count=1, vehicles=5000, seed=11, overrides=overrides)
    lake = vliet.run(
        spark,
        lake=tmp_path / "lake",
        landing=tmp_path / "landing",
        keys=tmp_path / "keys",
        wanted=DAY,
        last="legs",
    )
    if cameras == "perfect":
        loads = lake.read("ops_load").toPandas()
        assert (loads.lines == loads.header_lines + loads.accepted).all(), "every line is a header or an accepted read"
        assert loads.accepted.sum() == made.reads
    scores = _boundary_scores(lake, tmp_path)
    print(
        f"{cameras} cameras: {scores['legs']:,} legs, {scores['stops']:,} stops, F1 {scores['f1']:.3f}, strict {scores['strict']:.3f}"
    )
    assert scores["f1"] >= floor
