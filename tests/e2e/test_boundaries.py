"""Trips end where vehicles stopped: the judge on a simulated day, with perfect and with default cameras."""

import pytest

import fidelity
import simulation
from kordon.city import load
from tests.e2e import vliet

DAY = vliet.days(1)


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
    report = fidelity.validate(truth=tmp_path / "truth", lake=lake, city=load(vliet.CITY))
    cuts, trips = report["boundary_f1_legs"], report["boundary_f1"]
    print(f"{cameras} cameras: F1 {cuts.value:.3f} over {cuts.n:,} legs of one vehicle, {trips.value:.3f} over all pairs")
    assert cuts.value >= floor, "cuts, where identities are right"
    assert trips.value >= trips.naive, "no worse than exact plates and a gap of 15 minutes"
