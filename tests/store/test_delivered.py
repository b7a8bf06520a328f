"""Files in the landing bucket are to ingest what they are in a folder; no Spark here."""

import gzip
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.suppliers.landing import changed, matching
from kordon import objects
from kordon.city import load
from kordon.delivered import landing
from kordon.errors import ConfigError
from kordon.landing_files import delete_loaded
from tests.e2e.vliet import CITY
from tests.store.delivery import LANDING, deliver

SOURCE = load(CITY).sources[0]
COLUMNS = {"camera_id": "x", "captured_at": "y", "plate": "x"}


@pytest.fixture
def both(minio, keys, act_as, tmp_path):
    """The same files in a folder and in the bucket, read as the task of reads."""
    name = SOURCE.source
    for file, content in {
        "a.csv": b"x;y\n1;2\n",
        "deep/er/b.csv": b"x;y\n" * 700_000,
        "deep/c.csv.gz": gzip.compress(b"x;y\n1;2\n"),
        "d.txt": b"no delivery\n",
        "e f%20g.csv": b"x;y\n",
        "h.csv": b"",
    }.items():
        path = tmp_path / "landing" / name / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    pq.write_table(pa.table({"x": [1, 2, 3], "y": [1, 2, 3]}), tmp_path / "landing" / name / "p.parquet")
    deliver(minio, keys, tmp_path / "landing")
    act_as(keys / "reads")
    yield tmp_path / "landing", landing(f"s3a://{LANDING}/")
    act_as(minio.root)
    for name, *_ in list(objects.listed(f"s3a://{LANDING}")):
        objects.below(f"s3a://{LANDING}", name).delete()


@pytest.mark.parametrize(
    ("files", "many"),
    [("*.csv", 3), ("**/*.csv", 4), ("deep/**/*", 2), ("**/*", 7), ("deep/*.gz", 1), ("?.csv", 2), ("[!a].csv", 1)],
)
def test_a_pattern_finds_in_the_bucket_what_it_finds_in_a_folder(both, files, many):
    found = [
        [str(path).removeprefix(f"{where}/") for path in matching(where, source=SOURCE.source, files=files) if path.is_file()]
        for where in both
    ]
    assert found[0] == found[1]
    assert len(found[0]) == many


@pytest.mark.parametrize(("files", "kind"), [("**/*.csv", "csv"), ("**/*.gz", "csv"), ("*.parquet", "parquet")])
def test_size_hash_lines_and_layout_are_those_of_the_folder(both, files, kind):
    source = replace(SOURCE, files=files, format=kind, encoding="utf-8", delimiter=";", header=True, columns=COLUMNS)

    def looked(where):
        return [replace(file, path="") for file in changed(where, sources=[source], known={}, retried=())]

    folder, bucket = map(looked, both)
    assert any(file.is_usable and file.lines for file in folder)
    assert bucket == folder
    known = {file.key: (file.sha256, file.bytes) for file in folder}
    assert changed(both[1], sources=[source], known=known, retried=()) == []


def test_a_task_that_may_not_read_plates_is_refused_by_the_store(both, keys, act_as):
    act_as(keys / "flows")
    with pytest.raises(ConfigError, match=LANDING):
        matching(both[1], source=SOURCE.source, files="*.csv")


def test_loaded_files_are_deleted_from_the_bucket_and_others_stay(both, keys, act_as):
    import datetime as dt
    import hashlib
    from types import SimpleNamespace

    now = dt.datetime.now(dt.UTC)
    name = f"{SOURCE.source}/a.csv"
    content = (both[0] / name).read_bytes()
    row = SimpleNamespace(file=name, loaded_at=now, bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
    lake = SimpleNamespace(read=lambda table: SimpleNamespace(collect=lambda: [row]))
    act_as(keys / "retention")
    report = delete_loaded(lake, landing=both[1], before=now + dt.timedelta(hours=1))
    assert report.deleted == [name]
    assert len(report.unloaded) == 6
    assert not [found for found, *_ in objects.listed(f"s3a://{LANDING}") if found == name]
