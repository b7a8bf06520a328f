"""Attack 16 on a bucket that keeps versions: what retention deleted is gone from every version, mark and listing."""

import datetime as dt

import pytest
from minio.commonconfig import ENABLED
from minio.versioningconfig import SUSPENDED, VersioningConfig

from kordon import objects, retention, s3
from kordon.city import load
from kordon.lake import Lake
from tests.e2e import vliet
from tests.lakes import fill

OLD, NEW = dt.date(2026, 3, 10), dt.date(2026, 3, 14)
LOADED = dt.datetime(2026, 3, 11, 5, tzinfo=dt.UTC)
PLATE = "9QZX917"


@pytest.fixture
def versioned(keys, store_spark, lake_uri):
    """A lake whose bucket of plates somebody versioned by hand."""
    lake = Lake(store_spark, f"{lake_uri}-versioned")
    bucket, _ = objects.split(lake.path("raw_read"))
    s3.client().set_bucket_versioning(bucket_name=bucket, config=VersioningConfig(ENABLED))
    yield lake
    s3.client().set_bucket_versioning(bucket_name=bucket, config=VersioningConfig(SUSPENDED))


def everything(lake: Lake, name: str) -> list[str]:
    """Every object below a table that the store could still give back, whatever its version."""
    bucket, prefix = objects.split(lake.path(name))
    found = s3.client().list_objects(bucket_name=bucket, prefix=f"{prefix}/", recursive=True, include_version=True)
    return sorted(str(o.object_name) for o in found if not o.is_delete_marker and ".parquet" in str(o.object_name))


def test_plates_past_their_time_are_in_no_version_of_any_object(versioned):
    lake = versioned

    def raw(day, file):
        return {"service_day": day, "source": "alfa", "file": f"alfa/{file}.csv", "plate": PLATE, "read_id": f"{day}{file}"}

    fill(
        lake,
        "ops_load",
        [
            {"source": "alfa", "file": f"alfa/{name}.csv", "loaded_at": at}
            for name, at in (("old", LOADED), ("new", LOADED + dt.timedelta(days=4)))
        ],
    )
    fill(lake, "raw_read", [raw(OLD, "old"), raw(NEW, "new")], days=[OLD, NEW])
    fill(lake, "raw_read", [raw(OLD, "old")], days=[OLD], where=f"service_day = '{OLD}'")
    before = everything(lake, "raw_read")
    lake.vacuum("raw_read")
    assert everything(lake, "raw_read") == before, "positive control: a deleted file is still there as an old version"
    assert objects.overwritten(lake.path("raw_read"))

    now = LOADED + dt.timedelta(hours=73)
    report = retention.apply(lake=lake, city=load(vliet.CITY), now=now)
    assert [(gone.table, gone.service_day, gone.rows) for gone in report.deleted] == [("raw_read", OLD, 1)]
    assert report.left == []
    left = everything(lake, "raw_read")
    assert left
    assert [name for name in left if f"service_day={NEW}" not in name] == []
    assert objects.overwritten(lake.path("raw_read")) == []
