"""Attack 16: after retention nothing is left that is past its time, in no version, log or landing file."""

import datetime as dt

import pytest

from kordon import audit_log, days, retention
from kordon.city import load
from kordon.lake import Lake
from tests.attack.search import hits
from tests.cityfolder import put
from tests.e2e import vliet
from tests.lakes import data_files, fill

OLD, NEW, ANCIENT = dt.date(2026, 3, 10), dt.date(2026, 3, 14), dt.date(2022, 3, 10)
LOADED = dt.datetime(2026, 3, 11, 5, tzinfo=dt.UTC)
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
PLATES = [b"9QZX917", b"8WVK583", b"7JHQ264"]
OLD_PLATE, NEW_PLATE, REPLACED = (plate.decode() for plate in PLATES)
CITY = load(vliet.CITY)


@pytest.fixture(scope="module")
def filled(spark, tmp_path_factory):
    """Two days of reads of four days apart, one of them with an older version, and a figure of four years ago."""
    folder = tmp_path_factory.mktemp("retention")
    lake = Lake(spark, str(folder / "lake"))
    put(folder / "landing", "alfa/old.csv", f"{OLD_PLATE}\n")
    put(folder / "landing", "alfa/new.csv", f"{NEW_PLATE}\n")
    put(folder / "landing", "alfa/changed.csv", "other\n")
    put(folder / "landing", "alfa/unknown.txt", "x\n")
    loads = [
        {
            "source": "alfa",
            "file": f"alfa/{name}.csv",
            "loaded_at": at,
            **_is(folder / "landing" / "alfa" / f"{name}.csv", name),
        }
        for name, at in (("old", LOADED), ("new", LOADED + 4 * DAY), ("changed", LOADED))
    ]
    fill(lake, "ops_load", loads)

    def raw(day, plate, file):
        return {"service_day": day, "source": "alfa", "file": f"alfa/{file}.csv", "plate": plate, "read_id": plate}

    fill(lake, "raw_read", [raw(OLD, REPLACED, "old"), raw(NEW, NEW_PLATE, "new")], days=[OLD, NEW])
    fill(lake, "raw_read", [raw(OLD, OLD_PLATE, "old")], days=[OLD], where=f"service_day = '{OLD}'")
    fill(lake, "raw_repaired", [raw(OLD, OLD_PLATE, "old"), raw(NEW, NEW_PLATE, "new")], days=[OLD, NEW])
    versions = {"core_trip": fill(lake, "core_trip", [{"service_day": OLD}, {"service_day": NEW}], days=[OLD, NEW])}
    versions["flow_site_hour"] = fill(lake, "flow_site_hour", [{"service_day": ANCIENT}, {"service_day": NEW}])
    state = [
        {"service_day": day, "state": state, "run_id": f"{made:%Y%m%dT%H%M%SZ}-1", "table_versions": versions}
        for day, state, made in ((OLD, "open", LOADED), (NEW, "complete", LOADED + 4 * DAY), (ANCIENT, "closed", LOADED))
    ]
    fill(lake, "ops_day", state)
    return folder, lake


def _is(path, name):
    import hashlib

    content = b"what was loaded\n" if name == "changed" else path.read_bytes()
    return {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}


def _apply(filled, now):
    folder, lake = filled
    return retention.apply(lake=lake, city=CITY, now=now, landing=folder / "landing")


def _plates(filled):
    found = hits(filled[0], PLATES)
    return sum(found.values()), {name.split("/")[1] for name in found}


def test_before_their_time_nothing_goes_but_old_versions_of_raw_reads(filled):
    before, where = _plates(filled)
    assert (before, where) == (7, {"alfa", "raw_read", "raw_repaired"}), "positive control: plates are there, but in no log"
    report = _apply(filled, LOADED + 71 * HOUR)
    # Old figures have their own time, and these are four years old.
    assert [(gone.table, gone.service_day) for gone in report.deleted] == [("flow_site_hour", ANCIENT), ("ops_day", ANCIENT)]
    assert (report.closed, report.left, report.landing.deleted) == ([], [], [])
    assert _plates(filled)[0] == 6, "the replaced line lived in an old version only"


def test_after_72_hours_plates_are_gone_though_their_day_was_never_whole(filled):
    folder, lake = filled
    report = _apply(filled, LOADED + 72 * HOUR + HOUR)
    assert [(gone.table, gone.service_day, gone.rows) for gone in report.deleted] == [
        ("raw_read", OLD, 1),
        ("raw_repaired", OLD, 1),
    ]
    assert (report.closed, report.left) == ([OLD], [])
    assert report.landing.deleted == ["alfa/old.csv"]
    assert report.landing.changed == ["alfa/changed.csv"]
    assert hits(folder, PLATES[:1] + PLATES[2:]) == {}
    assert days.known(lake)[OLD].state == "closed"
    assert lake.read_whole("core_trip", [NEW]).count() == 1, "the other day is as it was"


def test_a_version_that_a_half_computed_day_needs_is_spared_and_said_until_that_day_is_whole(filled):
    folder, lake = filled
    whole = lake.version("core_trip")
    fill(lake, "core_trip", [{"service_day": NEW, "passages": 7}], days=[NEW], where=f"service_day = '{NEW}'")
    now = LOADED + 7 * DAY
    report = _apply(filled, now)
    assert report.spared == [NEW]
    assert any(f"service_day={OLD}" in path for path in report.left), "positive control: the listing shows what is left"
    assert lake.read_whole("core_trip", [NEW]).first().passages == 1
    known = days.known(lake)[NEW]
    days.write(lake, [days.replace(known, versions={**known.versions, "core_trip": whole + 1})], metadata={})
    report = _apply(filled, now)
    assert (report.spared, report.left) == ([], [])
    assert not [path for path in data_files(folder / "lake", "core_trip") if f"service_day={OLD}" in str(path)]


def test_in_the_end_no_row_of_a_vehicle_and_no_plate_is_left_and_the_log_tells_it(filled, measured):
    folder, lake = filled
    report = _apply(filled, LOADED + 30 * DAY)
    overdue = [*report.left, *data_files(folder / "lake", "raw_read", "raw_repaired", "core_trip")]
    plates = hits(folder, PLATES)
    measured("overdue_objects", len(overdue) + len(plates), control="the same listing finds them before their time")
    assert (overdue, plates) == ([], {})
    assert report.landing.unloaded == [], "unknown.txt is as young as this test"
    assert lake.read_whole("flow_site_hour", [NEW]).count() == 1, "figures stay"
    events = [e for e in audit_log.entries(audit_log.of_lake(lake.uri)) if e["action"] == "retention"]
    print(f"{len(events)} retention events; 0 objects past their time, 0 plates")
    assert events[-1]["deleted"] == {name: {str(NEW): 1} for name in ("raw_read", "raw_repaired", "core_trip")}
    assert events[-1]["rules"] == {"raw_hours": 72, "core_days": 7, "flow_years": 3}
    audit_log.verify(audit_log.of_lake(lake.uri))
