"""A store of which a fifth of the requests fail: what a lease, a log and a listing make of it."""

import pytest

from kordon import audit_log, lease
from kordon.delivered import landing
from tests.faulty import proxy
from tests.store.delivery import LANDING, deliver


@pytest.fixture
def faulty(keys, act_as, minio, monkeypatch):
    act_as(minio.root)
    with proxy(minio.endpoint, share=0.2) as between:
        monkeypatch.setenv("AWS_ENDPOINT_URL", between.endpoint)
        yield between
    print(dict(between.answers))


def test_a_lease_is_taken_and_given_back_and_every_entry_of_a_log_is_there_once(faulty, lake_uri):
    lake = f"{lake_uri}-faulty"
    for number in range(15):
        with lease.writer(lake, say=print):
            audit_log.append(audit_log.of_lake(lake), action="tried", purpose="a test", number=number)
    entries = list(audit_log.entries(audit_log.of_lake(lake)))
    assert [e["number"] for e in entries] == list(range(15))
    audit_log.verify(audit_log.of_lake(lake))
    assert set(faulty.answers) == {"passed", "503", "cut before", "cut after"}, "every fault was met"


def test_delivered_files_are_listed_and_read_whole(faulty, keys, minio, tmp_path):
    content = {f"faulty/{number:02}.csv": bytes([number]) * 100_000 for number in range(5)}
    for name, data in content.items():
        (tmp_path / "landing" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "landing" / name).write_bytes(data)
    deliver(minio, keys, tmp_path / "landing")
    found = [file for file in landing(f"s3a://{LANDING}").rglob("*") if file.file.startswith("faulty/")]
    assert {file.file: file.open("rb").read() for file in found} == content
    for file in found:
        file.unlink()
