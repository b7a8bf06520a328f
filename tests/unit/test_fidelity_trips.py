"""Trips, identity and passages: a right product scores full marks, and each planted fault costs what it should."""

import pandas as pd
import pytest

from tests import judged

STOPS, PAIRS, CLEAR = 12, 180, 168  # of 60 vehicles, 12 stop for 30 minutes, 12 for 5


@pytest.fixture(scope="module")
def frames():
    return judged.truth_frames()


@pytest.fixture(scope="module")
def truth(frames, tmp_path_factory):
    return judged.load(frames, tmp_path_factory.mktemp("truth"))


def _with_reads(frames, reads):
    """A right product but for its reads: what follows from them follows."""
    tables = judged.product(frames)
    return tables | {"core_read": reads} | judged.moves(reads, frames["trip"])


def test_a_right_product_is_perfect(frames, truth):
    found = judged.values(judged.judged(judged.product(frames), truth))
    assert found["boundary_f1"] == found["boundary_f1_strict"] == found["boundary_f1_legs"] == 1
    assert found["trips_error_pct"] == found["damaged_pct"] == found["left_per_1000"] == found["lost_per_1000"] == 0


def test_a_cut_at_every_stop_of_five_minutes_costs_the_strict_score_alone(frames, truth):
    tables = judged.product(frames)
    tables |= judged.moves(tables["core_read"], frames["trip"], gap_s=0)
    made = judged.judged(tables, truth)
    found = judged.values(made)
    assert found["boundary_f1"] == 1
    assert found["boundary_f1_strict"] == pytest.approx(2 * STOPS / (2 * STOPS + 12))
    assert found["trips_error_pct"] == pytest.approx(100 * 12 / 72)
    shares = made.plots["by_stop"].query("method == 'product'").set_index("low").cut_share
    assert shares[300] == 1, "stops of 5 minutes are all cut"
    assert shares[0] == 0, "and nothing where nobody stopped"


def test_missed_stops_cost_recall(frames, truth):
    tables = judged.product(frames)
    cut = tables["core_leg"].is_cut
    tables["core_leg"] = tables["core_leg"].assign(is_cut=cut & (cut.cumsum() > 3))
    found = judged.values(judged.judged(tables, truth))
    assert found["boundary_recall"] == pytest.approx(9 / 12)
    assert found["boundary_precision"] == 1
    assert found["boundary_f1"] == pytest.approx(2 * 9 / (2 * 9 + 3))


def test_trips_are_known_from_legs_or_from_trips_alike(frames, truth):
    tables = judged.product(frames)
    by_legs = judged.values(judged.judged(tables, truth))
    by_trips = judged.values(judged.judged(tables | {"core_leg": None}, truth))
    for key in ("boundary_f1", "boundary_f1_strict", "trips_error_pct"):
        assert by_legs[key] == by_trips[key]


def _misread(frames, *, vehicles):
    """The third read of these vehicles was misread."""
    wrong = [f"r{n:03d}-2" for n in vehicles]
    read = frames["read"]
    return frames | {"read": read.assign(status=read.status.mask(read.read_id.isin(wrong), "misread"))}, wrong


def test_a_misread_that_stays_alone_tears_its_trip_and_one_set_aside_can_be_bridged(frames, tmp_path):
    spoiled, wrong = _misread(frames, vehicles=[2, 3, 4, 7])  # none of them stops
    truth = judged.load(spoiled, tmp_path)
    reads = judged.product(spoiled)["core_read"]
    lost = reads.read_id.isin(wrong)

    joined = judged.values(judged.judged(_with_reads(spoiled, reads), truth))
    assert joined["misreads_joined_pct"] == 100
    assert joined["boundary_f1"] == 1

    alone = judged.judged(_with_reads(spoiled, reads.assign(vid=reads.vid.mask(lost, "x" + reads.read_id))), truth)
    found = judged.values(alone)
    assert found["misreads_joined_pct"] == found["misreads_set_aside_pct"] == found["damaged_pct"] == 0
    assert found["boundary_f1"] == pytest.approx(2 * STOPS / (2 * STOPS + 8)), "before and after each of the four"
    assert found["boundary_f1_legs"] == 1, "where identities are right, cuts are"
    assert found["trips_error_pct"] == pytest.approx(100 * 4 / 72)
    assert judged.naive_values(alone)["misreads_joined_pct"] == 0
    assert judged.naive_values(alone)["boundary_f1"] == found["boundary_f1"], "the naive method does the same"

    aside = judged.values(judged.judged(_with_reads(spoiled, reads.assign(vid=reads.vid.mask(lost))), truth))
    assert aside["misreads_set_aside_pct"] == 100
    assert aside["boundary_f1"] == found["boundary_f1"]
    assert aside["boundary_f1_bridged"] == 1
    assert aside["trips_error_pct"] == 0
    assert aside["ok_set_aside_pct"] == 0


def test_a_wrong_join_is_damage_to_whom_it_is_joined(frames, tmp_path):
    spoiled, wrong = _misread(frames, vehicles=[2])
    truth = judged.load(spoiled, tmp_path)
    reads = judged.product(spoiled)["core_read"]
    reads["vid"] = reads.vid.mask(reads.read_id.isin(wrong), "v003")
    found = judged.values(judged.judged(_with_reads(spoiled, reads), truth))
    assert found["misreads_elsewhere_pct"] == 100
    assert found["swallowed_pct"] == found["damaged_pct"] == pytest.approx(100 / 60)
    assert found["split_pct"] == found["shared_pct"] == 0
    assert found["boundary_f1_identity"] < found["boundary_f1_strict"], "legs between two vehicles count besides"


def test_a_vehicle_that_is_split_and_two_that_are_merged_are_damaged(frames, truth):
    reads = judged.product(frames)["core_read"]
    vid = reads.vid.mask(reads.read_id == "r002-3", "w").mask(reads.vid == "v008", "v007").mask(reads.read_id == "r012-0")
    found = judged.values(judged.judged(_with_reads(frames, reads.assign(vid=vid)), truth))
    assert found["split_pct"] == pytest.approx(100 * 2 / 60)
    assert found["shared_pct"] == pytest.approx(100 * 2 / 60)
    assert found["damaged_pct"] == pytest.approx(100 * 4 / 60)
    assert found["ok_set_aside_pct"] == pytest.approx(100 / 240)


def test_two_vehicles_with_one_plate_are_no_damage_but_counted_by_themselves(frames, tmp_path):
    vehicle = frames["vehicle"]
    twins = frames | {"vehicle": vehicle.assign(plate=vehicle.plate.mask(vehicle.vehicle_key == "v008", "1-ABC-007"))}
    truth = judged.load(twins, tmp_path)
    apart = judged.values(judged.judged(judged.product(twins), truth))
    reads = judged.product(twins)["core_read"]
    merged = reads.assign(vid=reads.vid.mask(reads.vid == "v008", "v007"))
    together = judged.values(judged.judged(_with_reads(twins, merged), truth))
    assert (apart["twins_apart_pct"], together["twins_apart_pct"]) == (100, 0)
    assert apart["damaged_pct"] == together["damaged_pct"] == 0


def _more_reads(frames, rows):
    read = pd.DataFrame(rows, columns=["read_id", "passage_key", "status"])
    return frames | {"read": pd.concat([frames["read"], read], ignore_index=True)}


def _more_passages(tables, rows):
    """Passages of one read each: (read_id, vid, site_id), a minute past noon."""
    at = pd.Timestamp("2026-03-10 12:01", tz="UTC")
    more = pd.DataFrame(rows, columns=["first_read_id", "vid", "site_id"])
    more = more.assign(service_day=judged.DAY.date(), first_ts=at, last_ts=at, passage_id=range(1, len(more) + 1))
    return tables | {"core_passage": pd.concat([tables["core_passage"], more], ignore_index=True)}


def test_doubles_opposite_reads_and_phantoms_left_are_told_apart(frames, tmp_path):
    extra = [
        ("d1", "v002-1", "duplicate_misread"),
        ("o1", "v003-1", "opposite"),
        ("p1", None, "phantom"),
        ("d2", "v004-1", "duplicate"),
    ]
    spoiled = _more_reads(frames, extra)
    truth = judged.load(spoiled, tmp_path)
    tables = judged.product(frames)
    clean = judged.values(judged.judged(tables, truth))
    assert clean["left_per_1000"] == 0, "reads that the product merged or dropped cost nothing"
    rows = [("d1", "z1", "s2"), ("o1", "v003", "s1"), ("p1", "z2", "s3"), ("nobody's", "z3", "s3")]
    found = judged.values(judged.judged(_more_passages(tables, rows), truth))
    for key in ("double_per_1000", "opposite_per_1000", "phantom_per_1000", "unknown_per_1000"):
        assert found[key] == pytest.approx(1000 / 244), key
    assert found["left_per_1000"] == pytest.approx(3000 / 244)


def test_a_crossing_without_any_passage_is_lost(frames, truth):
    reads = judged.product(frames)["core_read"]
    kept = reads[~reads.read_id.isin(["r002-1", "r003-1"])]
    found = judged.values(judged.judged(_with_reads(frames, kept), truth))
    assert found["lost_per_1000"] == pytest.approx(1000 * 2 / 240)


def test_two_true_passages_of_a_site_within_a_minute_are_one(frames, tmp_path):
    again = frames["passage"].iloc[[1]].assign(passage_key="again", t=lambda f: f.t + pd.Timedelta(seconds=30))
    twice = frames | {"passage": pd.concat([frames["passage"], again], ignore_index=True)}
    truth = judged.load(_more_reads(twice, [("r-again", "again", "ok")]), tmp_path)
    found = judged.judged(judged.product(frames), truth)
    assert judged.values(found)["boundary_f1"] == 1
    assert judged.values(found)["lost_per_1000"] == 0


def test_cloned_plates_are_flagged_and_others_are_not(frames, tmp_path):
    vehicle = frames["vehicle"]
    plate = vehicle.plate.mask(vehicle.vehicle_key == "v008", "1ABC007").mask(vehicle.vehicle_key == "v010", "1ABC009")
    country = vehicle.country.mask(vehicle.vehicle_key == "v010", "FR")
    cloned = frames | {"vehicle": vehicle.assign(plate=plate, country=country)}
    truth = judged.load(cloned, tmp_path)
    reads = judged.product(cloned)["core_read"]
    tables = _with_reads(cloned, reads.assign(vid=reads.vid.mask(reads.vid == "v008", "v007")))

    def flagged(*vids):
        trip = tables["core_trip"]
        flags = [["single_passage", "clone_suspect"] if vid in vids else [] for vid in trip.vid]
        return judged.values(judged.judged(tables | {"core_trip": trip.assign(flags=flags)}, truth))

    assert (flagged()["clones_flagged_pct"], flagged()["clones_wrong"]) == (0, 0)
    right = flagged("v007")
    assert (right["clones_flagged_pct"], right["clones_wrong"]) == (100, 0), "two countries are two plates, and no clones"
    assert flagged("v002", "v009")["clones_wrong"] == 2
    assert flagged("v002")["clones_flagged_pct"] == 0
